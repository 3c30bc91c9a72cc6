// The whole path with the real parts, on a cluster: JupyterHub, the proxy, the service, a Slurm job on a node, and a
// cell in a notebook's kernel. Not here: what can go wrong (faults.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Demo, startDemo } from '../../support/demo.ts';
import { type HubUser, type KernelSession, logIn } from '../../support/hub/hub-user.ts';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { needsRoot } from '../../support/reasons.ts';
import { startCluster, type TestCluster, until } from '../../support/slurm/slurm.ts';

const name = accountName('a');

describe('a notebook in a Slurm job', needsRoot, () => {
  let cluster: TestCluster;
  let demo: Demo;
  let user: HubUser;
  let kernel: KernelSession;

  beforeAll(async () => {
    openTunDevice();
    [cluster, demo] = await Promise.all([startCluster(), startDemo()]);
    useCluster(join(demo.directory, 'config.yaml'), cluster);
    const pid = demo.servicePid();
    process.kill(pid, 'SIGKILL'); // what runs the demo starts it again, with the new configuration
    const health = `http://127.0.0.1:${demo.ports.service}/api/health`;
    await until('the service is back', async () => {
      const answer = await fetch(health).catch(() => null);
      return answer?.status === 200 && demo.servicePid() !== pid;
    });
    user = await logIn(demo.url, name, demo.password);
    await user.startServer();
    kernel = await user.openKernel();
  }, 240_000);
  afterAll(async () => {
    await demo?.stop();
    await cluster?.dispose();
  }, 120_000);

  test('its cell runs on a node, as the user, in the job that Slurm shows', async () => {
    const code =
      'import os; print(6 * 7, os.environ["USER"], os.environ["SLURMD_NODENAME"], os.environ["SLURM_JOB_ID"], end="")';
    const [answer, account, node, job = ''] = (await kernel.run(code)).split(' ');
    expect([answer, account]).toEqual(['42', name]);
    expect(node).toMatch(/^n\d$/);
    expect(cluster.run('squeue', ['--noheader', '--format=%i %T %u'])).toBe(`${job} RUNNING ${name}`);
  });
});

/** JSON behind a comment, as the demo writes it. */
function useCluster(path: string, { conf, reportPort }: TestCluster): void {
  const config = JSON.parse(readFileSync(path, 'utf8').replace(/^#.*\n/, ''));
  const [profile] = config.profiles;
  const changed = {
    ...config,
    accounts: { mode: 'system' },
    slurm: { report_listen: `127.0.0.1:${reportPort}`, conf, interval: 1 },
    profiles: [{ ...profile, launcher: 'slurm', slurm: { time: 10 } }],
  };
  writeFileSync(path, JSON.stringify(changed));
}
