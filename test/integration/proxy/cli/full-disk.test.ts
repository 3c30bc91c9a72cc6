// The proxy on a full disk: a small tmpfs in mounts of its own, filled for real. It starts and serves, says what it
// cannot write, and goes on when there is room.
// Not here: log rotation (log-rotation.test.ts), the file of routes on a sound disk (routes/storage.test.ts).
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Command, compiledCommand, freePort, runProgram } from '../support/command.ts';
import { echoUpstream } from '../support/upstream.ts';

const main = compiledCommand();
let dir = '';
let disk = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-disk-'));
  disk = join(dir, 'disk');
  execFileSync('mkdir', [disk]);
  return () => rmSync(dir, { recursive: true });
});

const fillAll = 'head -c 1000000 /dev/zero >"$disk/ballast" 2>/dev/null || :';

/** The proxy with a disk of 64 KB; `before` is shell code that runs when `$disk` is mounted. */
async function started(argv: readonly string[], before = ':', redirect = '') {
  const port = await freePort();
  const script = `disk=$1; shift; mount -t tmpfs -o size=64k none "$disk" && { ${before}; } && exec "$@" ${redirect}`;
  const own = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', disk];
  const all = ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', '--port', `${port}`, ...argv];
  const env = { CONFIGPROXY_AUTH_TOKEN: 'secret' };
  const command = runProgram('unshare', [...own, process.execPath, main, ...all], env);
  const at = (name: string) => `/proc/${command.child.pid}/root${disk}/${name}`;
  const log = () =>
    redirect === '' ? command.stdout() : existsSync(at('out')) ? readFileSync(at('out'), 'utf8') : '';
  await expect.poll(log, { timeout: 30_000 }).toMatch('Proxy API at');
  return { command, port, at, log };
}

/** Until not one byte more can be written. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let size = 4096; size > 0; )
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size = Math.floor(size / 2);
      }
  } finally {
    closeSync(file);
  }
}

async function api(port: number, method: string, path: string, target?: string) {
  const response = await fetch(`http://127.0.0.1:${port + 1}/api/routes${path}`, {
    method,
    headers: { Authorization: 'token secret' },
    ...(target === undefined ? {} : { body: JSON.stringify({ target }) }),
  });
  return { status: response.status, text: await response.text() };
}

const ask = async (port: number, path: string): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Connection: 'close' } });
  await response.arrayBuffer();
  return response.status;
};

async function repeat(act: () => Promise<void>, isDone: () => boolean): Promise<void> {
  for (let round = 0; !isDone(); round++) {
    expect(round).toBeLessThan(1000);
    await act();
  }
}

const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0;

test.each([1, 2])(
  'the access log of %i processes goes on when there is room, with one error each and a count of lost lines',
  async (workers) => {
    const argv = [
      '--access-log',
      'json',
      '--workers',
      `${workers}`,
      '--access-log-file',
      join(disk, 'access.log'),
    ];
    const { command, port, at, log } = await started(argv);
    let asked = 0;
    const request = async (): Promise<void> => {
      asked++;
      expect(await ask(port, `/n${asked}`)).toBe(404);
    };
    await request();
    await expect.poll(() => readFileSync(at('access.log'), 'utf8')).toContain('/n1"');
    fill(at('ballast'));
    await repeat(request, () => count(log(), /cannot write .*access\.log: ENOSPC/g) === workers);
    for (let more = 0; more < 20; more++) await request();
    rmSync(at('ballast'));
    await repeat(request, () => count(log(), /access\.log is written again/g) === workers);
    const lost = [...log().matchAll(/written again; (\d+) of its lines were lost/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(lost).toBeGreaterThan(10);
    const lines = () => readFileSync(at('access.log'), 'utf8').trimEnd().split('\n');
    await expect.poll(() => lines().length + lost).toBe(asked);
    // two processes may have cut a line each into the other's
    const isWhole = (line: string): boolean => line.startsWith('{"time"') && line.endsWith('}');
    expect(lines().filter((line) => !isWhole(line)).length).toBeLessThanOrEqual(workers === 1 ? 0 : 4);
    expect(count(log(), /error: /g)).toBe(workers);
    expect(command.child.exitCode).toBeNull();
  },
);

test('a proxy whose access log cannot be created on a full disk starts, and the log begins when there is room', async () => {
  const noInodes = 'mount -o remount,nr_inodes=2 "$disk"; : >"$disk/ballast"';
  const argv = ['--access-log', 'common', '--access-log-file', join(disk, 'access.log')];
  const { port, at, log } = await started(argv, noInodes);
  expect(log()).toMatch(/cannot open .*access\.log: ENOSPC/);
  for (let lost = 0; lost < 4; lost++) expect(await ask(port, '/lost')).toBe(404);
  rmSync(at('ballast'));
  expect(await ask(port, '/kept')).toBe(404);
  await expect
    .poll(() => existsSync(at('access.log')) && readFileSync(at('access.log'), 'utf8'))
    .toMatch('GET /kept');
  await expect.poll(log).toMatch(/access\.log is written again; [1-4] of its lines were lost/);
});

const troubles = [
  {
    what: 'full',
    before: fillAll,
    code: 'ENOSPC',
    mend: (_pid: number, at: (name: string) => string) => rmSync(at('ballast')),
  },
  {
    what: 'read-only',
    before: 'mount -o remount,ro "$disk"',
    code: 'EROFS',
    mend: (pid: number) => execFileSync('nsenter', ['-t', `${pid}`, '-m', 'mount', '-o', 'remount,rw', disk]),
  },
];

test.each(troubles.flatMap((trouble) => [1, 2].map((workers) => ({ ...trouble, workers }))))(
  'with a $what disk and --workers $workers the stored routes are served, changes are refused, and later written',
  async ({ before, code, mend, workers }) => {
    const upstream = await echoUpstream();
    const route = (path: string) => ({ path, data: { target: upstream.url }, lastActivity: 1 });
    const stored = join(dir, 'stored.json');
    writeFileSync(stored, JSON.stringify({ version: 1, routes: [route('/user/a'), route('/user/b')] }));
    const argv = ['--storage-file', join(disk, 'routes.json'), '--workers', `${workers}`];
    const { command, port, at, log } = await started(
      argv,
      `cp ${stored} "$disk/routes.json" && { ${before}; }`,
    );
    expect(log()).toMatch(new RegExp(`cannot write .*routes\\.json: ${code}.*the API refuses changes`));
    expect(await ask(port, '/user/a')).toBe(200);
    for (const path of ['/user/new', '/user/a']) {
      const refused = await api(port, 'POST', path, 'http://127.0.0.1:9');
      expect(refused).toEqual({ status: 507, text: expect.stringContaining(code) });
    }
    expect(await ask(port, '/user/new')).toBe(404);
    expect(await ask(port, '/user/a')).toBe(200);
    expect((await api(port, 'DELETE', '/user/b')).status).toBe(507);
    expect(await ask(port, '/user/b')).toBe(404);
    expect((await api(port, 'DELETE', '/user/b')).status).toBe(507);
    expect(JSON.parse((await api(port, 'GET', '')).text)).toMatchObject({
      '/user/a': { target: upstream.url },
    });
    expect(JSON.parse(readFileSync(at('routes.json'), 'utf8')).routes).toHaveLength(2);
    expect(count(log(), /cannot write/g)).toBe(1);
    mend(command.child.pid ?? 0, at);
    expect((await api(port, 'DELETE', '/user/b')).status).toBe(404);
    const paths = () =>
      JSON.parse(readFileSync(at('routes.json'), 'utf8')).routes.map(({ path }: { path: string }) => path);
    expect(paths()).toEqual(['/user/a']);
    expect((await api(port, 'POST', '/user/new', upstream.url)).status).toBe(201);
    expect(paths()).toEqual(['/user/a', '/user/new']);
    expect(log()).toMatch('routes.json is written again, with all changes');
  },
);

test('standard output that is a file on a full disk goes on too, and says how many lines were lost', async () => {
  const { port, at, log } = await started(['--access-log', 'common'], ':', '>"$disk/out"');
  expect(await ask(port, '/first')).toBe(404);
  fill(at('ballast'));
  let before = -1;
  const some = async (): Promise<void> => {
    before = log().length;
    for (let more = 0; more < 4; more++) await api(port, 'GET', '');
  };
  await repeat(some, () => log().length === before);
  rmSync(at('ballast'));
  expect(await ask(port, '/last')).toBe(404);
  await expect.poll(log).toMatch(/warn: [1-9]\d* lines were lost here\n[\s\S]*"GET \/last HTTP\/1\.1" 404/);
  for (const line of log().trimEnd().split('\n'))
    expect(line).toMatch(/^(?:\d{4}-\d\d-\d\dT|127\.0\.0\.1 - - )/);
});

test('a full disk for --pid-file is only logged; a wrong path is named, with 78', async () => {
  const noInodes = 'mount -o remount,nr_inodes=2 "$disk"; : >"$disk/ballast"';
  const { port, log } = await started(['--pid-file', join(disk, 'pid')], noInodes);
  await expect.poll(log).toMatch(/cannot write --pid-file .*: ENOSPC/);
  expect(await ask(port, '/x')).toBe(404);
  const wrong = ['--port', `${await freePort()}`, '--pid-file', '/nonexistent/pid'];
  const refused: Command = runProgram(process.execPath, [main, ...wrong], {
    CONFIGPROXY_AUTH_TOKEN: 'secret',
  });
  expect(await refused.ended).toBe(78);
  expect(refused.stderr()).toMatch('cannot write --pid-file /nonexistent/pid');
});
