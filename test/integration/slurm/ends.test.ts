// Ends of a server that need more of a cluster than faults.test.ts has: an accounting database (a real slurmdbd), which
// knows what the controller has forgotten, partitions that preempt, and nodes that enforce memory.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { skipIf } from '../../support/reasons.ts';
import { serverPath, startService, type TestService } from '../../support/service.ts';
import { noAccounting } from '../../support/slurm/accounting.ts';
import { slurmSettings, startCluster, type TestCluster } from '../../support/slurm/slurm.ts';

const web = '[/usr/bin/python3, -u, -m, http.server, "{guest-port}"]';
/** Serves, and holds 300 MB more when it is asked for anything. */
const greedy = [
  'import http.server',
  'class Handler(http.server.SimpleHTTPRequestHandler):',
  '    def do_GET(self):',
  "        if self.path == '/more': self.server.held = bytearray(b'x') * 300_000_000",
  '        super().do_GET()',
  "http.server.ThreadingHTTPServer(('0.0.0.0', 8888), Handler).serve_forever()",
].join('\n');
/** slurmd without systemd can use the memory controller of version 1 only. */
const enforcesMemory = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');
const settings = `
MinJobAge=2
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
PartitionName=urgent Nodes=n1,n2 PriorityTier=10 MaxTime=INFINITE State=UP
SelectTypeParameters=CR_Core_Memory
${enforcesMemory ? 'TaskPlugin=task/cgroup' : ''}
`;
const user = accountName('a');
/** The controller forgets ended jobs once a minute at most. */
const patient = { timeout: 150_000 };

const why = process.getuid?.() === 0 ? noAccounting() : 'needs root';

describe(
  'a server that is a Slurm job, on a cluster that keeps accounts',
  skipIf(why !== null, why ?? ''),
  () => {
    let cluster: TestCluster;
    let service: TestService;
    beforeAll(async () => {
      openTunDevice();
      cluster = await startCluster(settings, { accounting: true });
      service = await startService(
        `
  - {name: web, launcher: slurm, command: ${web}, slurm: {memory: 200M}}
  - {name: greedy, launcher: slurm, command: [/usr/bin/python3, -u, -c, ${JSON.stringify(greedy)}], slurm: {memory: 150M}}
  - {name: all, launcher: slurm, command: ${web}, slurm: {memory: 100M, options: ["--exclusive", "--nodelist=n1"]}}`,
        `limits: {servers_per_user: 100}\n${slurmSettings(cluster)}`,
        { accounts: '{mode: system}' },
      );
      await service.restart();
    }, 180_000);
    afterAll(async () => {
      await service.dispose();
      await cluster.dispose();
    }, 180_000);

    const show = async (server: string) => (await service.call('GET', serverPath(user, server))).body;
    const ready = async (server: string, profile = 'web') => {
      const last = (await service.start(user, { spawn_id: `slurm-end-${server}`, profile }, server)).at(-1);
      expect(last).toMatchObject({ ready: true });
      return { url: last?.url ?? '', job: ((await show(server)).job as { id: string }).id };
    };
    const endsWith = async (server: string, code: string) => {
      await expect.poll(async () => (await show(server)).state, patient).toBe('exited');
      expect((await show(server)).error).toMatchObject({ code });
    };

    test('whose end only the accounting database knows, which hangs at first', async () => {
      const { job } = await ready('forgotten');
      const known = () => cluster.run('squeue', ['--noheader', '--states=all', '--format=%i']).split('\n');
      await service.restart('SIGKILL', async () => {
        cluster.run('scancel', [job]);
        await expect.poll(known, patient).not.toContain(job);
        cluster.suspend('slurmdbd');
      });
      await expect
        .poll(() => service.logged(), patient)
        .toContain('could not get the end of a job from sacct');
      expect((await show('forgotten')).state).toBe('ready');
      await cluster.start('slurmdbd');
      await endsWith('forgotten', 'JOB_CANCELLED');
    }, 300_000);

    test('preempted by a job of a partition that comes first', async () => {
      await ready('modest', 'all');
      cluster.run(
        'sbatch',
        ['--partition=urgent', '--exclusive', '--nodelist=n1', '--output=/dev/null', '--wrap=sleep 1'],
        user,
      );
      await endsWith('modest', 'JOB_PREEMPTED');
    }, 180_000);

    test('out of the memory that it had asked for', {
      ...skipIf(
        !enforcesMemory,
        'slurmd without systemd enforces memory with control groups of version 1 only',
      ),
      timeout: 180_000,
    }, async () => {
      const { url } = await ready('greedy', 'greedy');
      await fetch(`${url}/more`).catch(() => {});
      await endsWith('greedy', 'JOB_OUT_OF_MEMORY');
    });
  },
);
