// `accounts.mode: service`: every server runs as the account of the service, so that no permission of files keeps it
// from what is the service's. Not here: servers as other accounts (sandbox.test.ts).
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { isRoot, testAccount } from '../../../support/machine/accounts.ts';
import { becoming } from '../../../support/run-portwrap.ts';
import { serverPath, type TestService } from '../../../support/service.ts';
import { startedService } from '../../../support/service-test.ts';

const account = isRoot ? testAccount('a') : null;

const content = 'a-secret-of-the-service-0123';

interface Place {
  readonly directory: string;
  /** Writes a file that only the service may read, in a directory below; replaces it as an editor does. */
  secret(path: string): string;
}

/** Not below /tmp or /var/tmp, which every sandbox has for itself. */
function makePlace(): Place {
  const directory = mkdtempSync(join(isRoot ? '/srv' : homedir(), 'pws-own-'));
  chmodSync(directory, 0o755);
  const own = (path: string) => {
    if (account !== null) chownSync(path, account.uid, account.gid);
    return path;
  };
  for (const name of ['closed', 'home', 'state']) {
    mkdirSync(join(directory, name), { mode: 0o700 });
    own(join(directory, name));
  }
  const secret = (path: string) => {
    const file = join(directory, path);
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(own(`${file}.new`), file);
    return file;
  };
  return { directory, secret };
}

/** Answers a request with what a shell command writes. */
const server = `
import http.server, subprocess, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        command = urllib.parse.unquote(self.path[1:])
        run = subprocess.run(["sh", "-c", command or "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(run.stdout)
http.server.ThreadingHTTPServer(("", 8888), Handler).serve_forever()`;

const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of what a fixture needs from its argument
  .extend('place', { scope: 'file' }, ({}, { onCleanup }) => {
    const place = makePlace();
    onCleanup(() => rmSync(place.directory, { recursive: true, force: true }));
    return place;
  })
  .extend('service', { scope: 'file' }, ({ place }, { onCleanup }) =>
    startedService(
      onCleanup,
      `
  - name: shell
    command: [/usr/bin/python3, -c, ${JSON.stringify(server)}]`,
      `proxy: {api_url: "http://127.0.0.1:9", token_file: ${place.secret('closed/proxy-token')}}`,
      {
        accounts: `{mode: service, home: "${place.directory}/home/{username}"}`,
        hub: `reaper: {token_file: ${place.secret('reaper-token')}}`,
        stateDirectory: join(place.directory, 'state'),
        within: account === null ? [] : becoming(account.name),
      },
    ),
  );

async function shellOf(service: TestService, user: string): Promise<(command: string) => Promise<string>> {
  const last = (await service.start(user, { spawn_id: `own-account-${user}`, profile: 'shell' })).at(-1);
  expect(last).toMatchObject({ ready: true });
  return async (command) => (await fetch(`${last?.url}/${encodeURIComponent(command)}`)).text();
}

const secretsOf = ({ directory }: Place) =>
  ['closed/proxy-token', 'reaper-token'].map((name) => join(directory, name));

test('the secrets of the service are hidden, also through what pid 1 has open', async ({
  service,
  place,
}) => {
  const sh = await shellOf(service, 'reader');
  const paths = [...secretsOf(place), service.config, join(service.stateDirectory, 'admin-token')];
  for (const path of paths)
    expect(await sh(`cat ${path} || echo no`)).toMatch(/(Permission denied|No such file).*\nno\n$/);
  // the pipe has no content, and would be waited for
  const everything = `for p in /proc/[0-9]*; do for f in $p/fd/* $p/cwd/.. $p/root${place.directory}/* $p/root${place.directory}/*/*; do
    timeout 1 cat "$f" 2>/dev/null & done; done; wait`;
  expect(await sh(everything)).not.toContain(content);
  const open = (await sh('readlink /proc/1/fd/*')).split('\n').filter(Boolean);
  const named = open.filter((target) => target.startsWith(service.stateDirectory));
  // its own output and its own life, of all that is below the state directory
  expect([...new Set(named.map((path) => path.replace(/[0-9a-f]{12}/, 'ID')))].sort()).toEqual(
    ['logs/ID.log', 'sandboxes/ID/life.fifo'].map((path) => join(service.stateDirectory, path)),
  );
});

test('a secret that is replaced while servers run stays hidden from them, in a directory of secrets', async ({
  service,
  place,
}) => {
  const sh = await shellOf(service, 'waiting');
  const [closed = ''] = secretsOf(place);
  place.secret('closed/proxy-token');
  expect(await sh(`cat ${closed}`)).not.toContain(content);
});

test('what a server writes to the pipe and into the output of its pid 1 harms nobody', async ({
  service,
}) => {
  const sh = await shellOf(service, 'flood');
  const other = await shellOf(service, 'bystander');
  await sh(
    'for fd in 1 2 7; do yes flood | timeout 1 head -c 20000000 > /proc/1/fd/$fd; done; : > /proc/1/fd/1',
  );
  expect(await other('echo well')).toBe('well\n');
  for (const user of ['flood', 'bystander']) {
    expect((await service.call('GET', serverPath(user))).body).toMatchObject({ state: 'ready' });
  }
  expect(await other('tail -c 100 /proc/1/fd/1 2>&1')).not.toContain('flood');
  expect((await service.call('DELETE', serverPath('flood'))).status).toBeLessThan(300);
});

test('a server that has ended while its pid 1 is debugged does not stay', async ({ service, place }) => {
  const sh = await shellOf(service, 'debugger');
  const script = join(place.directory, 'debug-init.py');
  copyFileSync('test/fixtures/portwrap/debug-init.py', script);
  const said = await sh(`/usr/bin/python3 ${script} go`);
  expect(said).toMatch(/^(ready|refused)\n$/); // Yama (ptrace_scope) may refuse it; then nothing is stuck
  await sh('kill -9 $PPID').catch(() => ''); // the server, which answers this
  const state = async () => (await service.call('GET', serverPath('debugger'))).body.state;
  await expect.poll(state, { timeout: 20_000 }).toBe('exited');
});
