// The usage of a server in a Slurm job, from a real sstat. Not here: how often it is asked (test/unit/spawner/usage/).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { needsRoot } from '../../support/reasons.ts';
import { serverPath, startService, type TestService } from '../../support/service.ts';
import { slurmSettings, startCluster, type TestCluster } from '../../support/slurm/slurm.ts';

/** Holds 200 MB, and is busy for a while when it starts. */
const program = [
  'import http.server, time',
  "held = bytearray(b'x') * 200_000_000",
  'until = time.process_time() + 3',
  'while time.process_time() < until: pass',
  "http.server.ThreadingHTTPServer(('0.0.0.0', 8888), http.server.SimpleHTTPRequestHandler).serve_forever()",
].join('\n');
const user = accountName('a');

describe('a server that is a Slurm job', needsRoot, () => {
  let cluster: TestCluster;
  let service: TestService;
  beforeAll(async () => {
    openTunDevice();
    cluster = await startCluster();
    const command = JSON.stringify(['/usr/bin/python3', '-u', '-c', program]);
    service = await startService(
      `\n  - {name: busy, launcher: slurm, command: ${command}, ready_timeout: 150}`,
      slurmSettings(cluster),
      { accounts: '{mode: system}' },
    );
  }, 180_000);
  afterAll(async () => {
    await service?.dispose();
    await cluster?.dispose();
  }, 180_000);

  test('has its memory and CPU time in the API, from the readings that the admin page draws', async () => {
    const last = (await service.start(user, { spawn_id: 'slurm-usage', profile: 'busy' })).at(-1);
    expect(last).toMatchObject({ ready: true });
    const usage = async () => (await service.call('GET', serverPath(user, ''))).body.usage as Usage | null;
    // Slurm samples every two seconds here, and the service asks every five until it knows
    await expect.poll(async () => (await usage())?.memory ?? 0, patient).toBeGreaterThan(200_000_000);
    await expect.poll(async () => (await usage())?.cpu ?? 0, patient).toBeGreaterThan(2);
    expect((await usage())?.memory).toBeLessThan(1_000_000_000);
  });
});

interface Usage {
  readonly memory: number | null;
  readonly cpu: number | null;
}

/** A reading is kept for 30 seconds. */
const patient = { timeout: 120_000 };
