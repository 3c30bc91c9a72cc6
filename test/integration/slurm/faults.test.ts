// What can happen to a server that is a Slurm job, with a real cluster of two nodes on this machine: each way to end is
// told apart, what nobody can know changes nothing, and nothing is left on a node. Not here: what every launcher must
// do (test/contract/launcher.contract.ts).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post } from '../../../portwrap/job/report.ts';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { needsRoot } from '../../support/reasons.ts';
import {
  hubToken,
  processesBelow,
  serverPath,
  startService,
  type TestService,
} from '../../support/service.ts';
import { slurmSettings, startCluster, type TestCluster } from '../../support/slurm/slurm.ts';

const web = '[/usr/bin/python3, -u, -m, http.server, "{guest-port}"]';
/** Serves, and ends with code 9 when it is asked for /quit. */
const quits = [
  'import http.server, os',
  'class Handler(http.server.SimpleHTTPRequestHandler):',
  '    def do_GET(self):',
  "        if self.path == '/quit': os._exit(9)",
  '        super().do_GET()',
  "http.server.ThreadingHTTPServer(('0.0.0.0', 8888), Handler).serve_forever()",
].join('\n');
const user = accountName('a');
const other = accountName('b');
/** An outage of the controller is noticed by its commands in ten seconds each. */
const patient = { timeout: 90_000 };

describe('a server that is a Slurm job', needsRoot, () => {
  let cluster: TestCluster;
  let service: TestService;
  let serial = 0;
  let limited: Awaited<ReturnType<typeof ready>>;

  beforeAll(async () => {
    openTunDevice();
    cluster = await startCluster();
    service = await startService(
      `
  - {name: web, launcher: slurm, command: ${web}, slurm: {time: 10}}
  - {name: quits, launcher: slurm, command: [/usr/bin/python3, -u, -c, ${JSON.stringify(quits)}]}
  - {name: n1, launcher: slurm, command: ${web}, slurm: {time: 10, options: ["--nodelist=n1"]}}
  - {name: later, launcher: slurm, command: ${web}, slurm: {options: ["--begin=now+3600"]}}
  - {name: impatient, launcher: slurm, command: ${web}, slurm: {queue_timeout: 1, options: ["--begin=now+3600"]}}
  - {name: patient, launcher: slurm, command: ${web}, slurm: {queue_timeout: 3600, options: ["--begin=now+9999"]}}
  - {name: nowhere, launcher: slurm, command: ${web}, slurm: {partition: moon}}
  - name: chosen
    launcher: slurm
    command: ${web}
    max_servers: 1
    options: [{name: minutes, type: number, min: 1, max: 60, slurm: time}, {name: place, type: text, slurm: partition}]`,
      `limits: {servers_per_user: 100}\n${slurmSettings(cluster, ', warn_before_end: 599')}`,
      { accounts: '{mode: system}' },
    );
    await service.restart();
    limited = await ready(); // Slurm looks every half minute at who has had his time
    cluster.run('scontrol', ['update', `JobId=${limited.job}`, 'EndTime=now+2']);
  }, 120_000);
  afterAll(async () => {
    await service.dispose();
    await cluster.dispose();
  }, 120_000);

  const newId = () => `slurm-fault-${serial++}`;
  const show = async (server: string) => (await service.call('GET', serverPath(user, server))).body;
  const jobOf = async (server: string) => ((await show(server)).job as { id: string } | null)?.id ?? '';
  const request = (server: string, profile: string, more: object = {}) =>
    service.call('POST', serverPath(user, server), { spawn_id: newId(), profile, ...more });
  const ready = async (profile = 'web') => {
    const server = `s${serial}`;
    const last = (await service.start(user, { spawn_id: newId(), profile }, server)).at(-1);
    expect(last, cluster.logs()).toMatchObject({ ready: true });
    return { server, url: last?.url ?? '', job: await jobOf(server) };
  };
  const stop = (server: string) => service.call('DELETE', serverPath(user, server));
  const endsWith = async (server: string, code: string) => {
    await expect.poll(async () => (await show(server)).state, patient).toBe('exited');
    expect((await show(server)).error).toMatchObject({ code });
  };
  /** The file of a job's record. */
  const recordOf = (job: string) => {
    const records = `${service.stateDirectory}/records`;
    const paths = readdirSync(records).map((name) => `${records}/${name}`);
    return paths.find(
      (path) => path.endsWith('.json') && readFileSync(path, 'utf8').includes(`"id":"${job}"`),
    );
  };
  const changeRecord = (job: string, fields: object) => {
    const file = recordOf(job) ?? '';
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...fields }));
  };
  /** Of a server's own sandbox: its web server's port is in no other command line. */
  const leftOf = (url: string) => processesBelow('/', `:${new URL(url).port}`);
  const textOf = async (path: string) => {
    const response = await fetch(`${service.url}/api${path}`, {
      headers: { authorization: `token ${hubToken}` },
    });
    return response.text();
  };
  /** The messages of a start that has not come to its end. */
  const progressOf = async (server: string) => {
    const reader = new AbortController();
    const response = await fetch(`${service.url}/api${serverPath(user, server)}/progress`, {
      headers: { authorization: `token ${hubToken}` },
      signal: reader.signal,
    });
    const chunk = await response.body?.getReader().read();
    reader.abort();
    return new TextDecoder().decode(chunk?.value);
  };

  test('the user sees job, node and time limit; its log warns when the limit is near', async () => {
    const { server, job } = await ready();
    await expect
      .poll(async () => (await show(server)).job)
      .toMatchObject({
        id: job,
        node: expect.stringMatching(/^n\d$/),
        ends_at: expect.stringMatching(/^20/),
      });
    await expect
      .poll(() => textOf(`${serverPath(user, server)}/log`))
      .toMatch(/time limit of this job is reached in \d+ s/);
    await stop(server);
  });

  test('cancelled with scancel behind its back', async () => {
    const { server, url, job } = await ready();
    cluster.run('scancel', [job], user);
    await endsWith(server, 'JOB_CANCELLED');
    await expect(fetch(url)).rejects.toThrow();
  });

  test('put back into the queue, which loses what it held: it is ended, and not begun again', async () => {
    const { server, url, job } = await ready();
    cluster.run('scontrol', ['update', `JobId=${job}`, 'Requeue=1']);
    cluster.run('scontrol', ['requeue', job]);
    await endsWith(server, 'JOB_REQUEUED');
    await expect(fetch(url)).rejects.toThrow();
    await expect.poll(() => cluster.stateOf(job), patient).toBe('CANCELLED');
  }, 100_000);

  test('whose payload ends by itself: its exit code is learned', async () => {
    const { server, url } = await ready('quits');
    await fetch(`${url}/quit`).catch(() => {});
    await expect.poll(async () => (await show(server)).state, patient).toBe('exited');
    expect(await show(server)).toMatchObject({ exit: { code: 9, signal: null }, error: null });
    await expect(fetch(url)).rejects.toThrow();
  });

  test('whose user says that it has ended while it runs on: its job is ended', async () => {
    const { server, url, job } = await ready();
    const script = cluster.run('scontrol', ['write', 'batch_script', job, '-'], user);
    const [, reportUrl = '', secret = ''] = /"url":"([^"]+)","secret":"(\w+)"/.exec(script) ?? [];
    const forged = { event: 'ended', code: 0, signal: null, out_of_memory: false, asked: false };
    expect(await post({ url: reportUrl, secret }, forged)).toBe(204);
    await expect.poll(async () => (await show(server)).state, patient).toBe('exited');
    expect(cluster.stateOf(job)).not.toBe('RUNNING');
    await expect.poll(() => leftOf(url), patient).toEqual([]);
  });

  test('which the cluster refuses: the words of sbatch reach the user', async () => {
    const last = (await service.start(user, { spawn_id: newId(), profile: 'nowhere' }, 'refused')).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'JOB_REFUSED' } });
    expect(last?.message).toMatch(/partition/i);
  });

  test('that never starts: its reason and expected start are visible, and a stop leaves nothing in the queue', async () => {
    await request('later', 'later');
    await expect
      .poll(() => progressOf('later'), patient)
      .toMatch(/waits in the partition main \(BeginTime\).*expected to start 20/);
    const job = await jobOf('later');
    expect(cluster.stateOf(job)).toBe('PENDING');
    expect((await stop('later')).status).toBe(204);
    expect(cluster.stateOf(job)).toBe('CANCELLED');
  });

  test('that waits longer than queue_timeout is cancelled', async () => {
    const last = (await service.start(user, { spawn_id: newId(), profile: 'impatient' }, 'impatient')).at(-1);
    expect(last).toMatchObject({ failed: true, error: { code: 'JOB_NOT_STARTED' } });
  });

  test.each([
    ['when the service came back', {}],
    ['when a service came back that had not written its number down', { job: null }],
  ])('that had waited longer than queue_timeout %s is cancelled too', async (_when, fields) => {
    await request('patient', 'patient');
    await expect.poll(() => jobOf('patient'), patient).not.toBe('');
    const job = await jobOf('patient');
    await expect.poll(() => recordOf(job), patient).toBeDefined();
    const twoHoursAgo = new Date(Date.now() - 7_200_000).toISOString();
    await service.restart('SIGKILL', () => changeRecord(job, { started: twoHoursAgo, ...fields }));
    await expect.poll(() => jobOf('patient'), patient).toBe(job);
    await endsWith('patient', 'JOB_NOT_STARTED');
    expect(cluster.stateOf(job)).toBe('CANCELLED');
  });

  test('takes from a user what the profile lets choose, within its bounds, and no more than max_servers', async () => {
    const refuse = async (user_options: object) =>
      (await request('bad', 'chosen', { user_options })).body.code;
    expect(await refuse({ minutes: 61 })).toBe('OPTION_INVALID');
    expect(await refuse({ account: 'rich' })).toBe('OPTION_INVALID');
    expect(await refuse({ place: 'main --uid=0' })).toBe('OPTION_INVALID');
    await request('own', 'chosen', { user_options: { minutes: 17 } });
    await expect.poll(() => jobOf('own'), patient).not.toBe('');
    const shown = cluster.run('scontrol', ['show', 'job', await jobOf('own')]);
    expect(shown).toContain('TimeLimit=00:17:00');
    expect((await request('flood', 'chosen')).body.code).toBe('LIMIT_REACHED');
    await stop('own');
  });

  test('its secrets are in nothing that Slurm shows, and in no file that another user can read', async () => {
    const secret = 'a-very-secret-token-0123';
    await request('secret', 'web', { env: { JUPYTERHUB_API_TOKEN: secret } });
    await expect.poll(async () => (await show('secret')).state, patient).toBe('ready');
    const job = await jobOf('secret');
    expect(cluster.run('scontrol', ['-dd', 'show', 'job', job])).not.toContain(secret);
    expect(cluster.run('squeue', ['--format=%all'])).not.toContain(secret);
    expect(cluster.run('scontrol', ['write', 'batch_script', job, '-'], user)).toContain(secret);
    expect(cluster.run('scontrol', ['write', 'batch_script', job, '-'], other)).not.toContain(secret);
    const directory = cluster.conf.replace('/slurm.conf', '');
    const found = cluster.run('find', [directory, '-name', '*script*', '-type', 'f']).split('\n');
    expect(found.length).toBeGreaterThan(0);
    for (const path of found) expect(() => cluster.run('cat', [path], other)).toThrow();
    await stop('secret');
  });

  test('the listener of reports has narrower bounds than that of the service', async () => {
    const headers = { 'x-much': 'x'.repeat(17_000) };
    expect((await fetch(`http://127.0.0.1:${cluster.reportPort}/`, { headers })).status).toBe(431);
    expect((await fetch(`${service.url}/api/`, { headers })).status).not.toBe(431);
  });

  test('all servers together cost one squeue at a time', async () => {
    const servers = [await ready(), await ready(), await ready()];
    const looks = async () =>
      Number(/calls_total\{command="squeue"} (\d+)/.exec(await textOf('/../metrics'))?.[1]);
    const [before, began] = [await looks(), performance.now()];
    await expect.poll(looks, patient).toBeGreaterThan(before + 3);
    const mostPossible = (performance.now() - began) / 500 + 2;
    expect((await looks()) - before).toBeLessThanOrEqual(mostPossible);
    for (const { server } of servers) await stop(server);
  });

  test('at its time limit', async () => {
    await endsWith(limited.server, 'JOB_TIME_LIMIT');
    await expect(fetch(limited.url)).rejects.toThrow();
  }, 100_000);

  test('while the controller is down: servers go on, a start is refused, and a stop waits for it', async () => {
    const { server, url, job } = await ready();
    await cluster.kill('slurmctld');
    await service.restart(); // adoption needs no controller either
    const refused = (await service.start(user, { spawn_id: newId(), profile: 'web' }, 'down')).at(-1);
    expect(refused).toMatchObject({ failed: true, error: { code: 'SCHEDULER_UNREACHABLE' } });
    expect((await fetch(url)).status).toBe(200);
    expect((await show(server)).state).toBe('ready');
    const stopped = stop(server);
    await expect.poll(async () => (await show(server)).state).toBe('stopping');
    await cluster.start('slurmctld');
    expect((await stopped).status).toBe(204);
    await expect.poll(() => cluster.stateOf(job), patient).toMatch(/COMPLETED|CANCELLED|UNKNOWN/);
    await expect.poll(() => fetch(url).then(String, () => 'gone'), patient).toBe('gone');
  }, 180_000);

  test('that was submitted when the service was killed is found by its name', async () => {
    await request('later', 'later');
    await expect.poll(() => jobOf('later'), patient).not.toBe('');
    const job = await jobOf('later');
    // the queue has the job before the service has written its number down
    await expect.poll(() => recordOf(job), patient).toBeDefined();
    // as if it had been killed before it could do so
    await service.restart('SIGKILL', () => changeRecord(job, { job: null }));
    await expect.poll(() => jobOf('later'), patient).toBe(job);
    expect((await stop('later')).status).toBe(204);
    expect(cluster.stateOf(job)).toBe('CANCELLED');
  });

  test('on a node that dies: the server is ended, and what runs on there ends when it is heard of', async () => {
    const { server, url } = await ready('n1');
    await cluster.kill('n1');
    await endsWith(server, 'JOB_NODE_FAILED');
    await expect
      .poll(
        () =>
          fetch(url).then(
            () => 'answers',
            () => 'gone',
          ),
        patient,
      )
      .toBe('gone');
    expect(leftOf(url)).toEqual([]);
    await cluster.start('n1');
    const again = await ready('n1');
    await stop(again.server);
  }, 180_000);
});
