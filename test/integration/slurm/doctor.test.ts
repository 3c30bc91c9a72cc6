// The doctor of the slurm launcher on a real cluster: what is well, and what is broken on purpose.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { needsRoot } from '../../support/reasons.ts';
import { runCommand, startService, type TestService } from '../../support/service.ts';
import { slurmSettings, startCluster, type TestCluster } from '../../support/slurm/slurm.ts';

/** Python: from which address which port is reached. */
const attempts = `
import socket
for source, port in (("127.0.0.1", 20001), ("127.0.0.9", 20001), ("127.0.0.9", 30001)):
    server = socket.create_server(("127.0.0.1", port))
    try:
        socket.create_connection(("127.0.0.1", port), 3, source_address=(source, 0)).close()
        print(source, port, "reached")
    except ConnectionRefusedError:
        print(source, port, "refused")
    server.close()
`;

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly what: string;
  readonly fix: string;
}

describe('portwrap-spawner doctor --launcher slurm', needsRoot, () => {
  let cluster: TestCluster;
  let service: TestService;
  beforeAll(async () => {
    openTunDevice();
    cluster = await startCluster();
    const profile =
      '  - {name: web, launcher: slurm}\n  - {name: moon, launcher: slurm, slurm: {partition: moon}}';
    service = await startService(profile, slurmSettings(cluster), { accounts: '{mode: system}' });
  }, 120_000);
  afterAll(async () => {
    await service.dispose();
    await cluster.dispose();
  }, 120_000);

  const doctor = async (...more: string[]) => {
    const argv = ['doctor', '--launcher', 'slurm', '--user', accountName('a'), '--json', ...more];
    const { code, stdout, stderr } = await runCommand(service, ...argv);
    expect(stderr).toBe('');
    const findings = JSON.parse(stdout) as Finding[];
    return { code, of: (name: string) => findings.find((finding) => finding.name === name), findings };
  };
  /** The configuration with another text in one place, for one look. */
  const withConfig = async <T>(change: (text: string) => string, look: () => Promise<T>): Promise<T> => {
    const text = readFileSync(service.config, 'utf8');
    writeFileSync(service.config, change(text));
    return look().finally(() => writeFileSync(service.config, text));
  };

  test('tries a job: the node has what a server needs, reaches the service, and has the same time', async () => {
    const { of, findings } = await doctor();
    for (const name of [
      'scheduler',
      'start delay',
      'accounting',
      'usage',
      'submission',
      'report back',
      'service',
      'clock',
    ]) {
      expect(of(name), name).toMatchObject({ status: 'ok' });
    }
    expect(findings.filter(({ name }) => /^n\d: /.test(name)).length).toBeGreaterThan(5);
    // all of the cluster is on this machine here, which is what it warns of
    expect(of('report address')).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('report_listen'),
    });
    expect(cluster.run('squeue', ['--noheader', '--states=RUNNING,PENDING'])).toBe('');
  }, 120_000);

  test('a profile that the cluster refuses', async () => {
    const { code, of } = await doctor('--profile', 'moon');
    expect(code).toBe(1);
    expect(of('submission')).toMatchObject({ status: 'failed', what: expect.stringMatching(/partition/i) });
  });

  test('a portwrap that is not on the nodes', async () => {
    const settings = (text: string) =>
      text.replace('interval: 0.5', 'interval: 0.5, portwrap: [/no/portwrap]');
    const { code, of } = await withConfig(settings, () => doctor());
    expect(code).toBe(1);
    expect(of('probe job')).toMatchObject({
      status: 'failed',
      what: expect.stringContaining('exit code 127'),
      fix: expect.stringContaining('slurm.portwrap'),
    });
  }, 120_000);

  test('prints rules that let the service reach the ports of a node, and nobody else', async () => {
    const { stdout } = await runCommand(service, 'doctor', '--launcher', 'slurm', '--user', accountName('a'));
    const rules = stdout.split('\n').filter((line) => line.startsWith('  nft '));
    expect(rules).toHaveLength(3);
    // in a network of its own; the service of this configuration is 127.0.0.1
    const script = ['ip link set lo up', ...rules, `python3 -c '${attempts}'`].join('\n');
    const said = execFileSync('unshare', ['--net', 'sh', '-ec', script], { encoding: 'utf8' });
    expect(said).toBe('127.0.0.1 20001 reached\n127.0.0.9 20001 refused\n127.0.0.9 30001 reached\n');
  }, 120_000);

  test('without a cluster, it says what is not there', async () => {
    await cluster.kill('slurmctld');
    const { code, of, findings } = await doctor();
    expect(code).toBe(1);
    expect(of('scheduler')).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining('scontrol ping'),
    });
    expect(findings.some(({ name }) => name === 'submission')).toBe(false);
    await cluster.start('slurmctld');
  }, 180_000);
});
