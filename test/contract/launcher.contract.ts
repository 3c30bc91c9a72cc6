// What every launcher must do, whoever it is: a real service, real servers, asked through the protocol.
// Not here: which launchers there are (launcher.test.ts), what only one of them can do (test/integration).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesBelow, serverPath, type TestService } from '../support/service.ts';

/** A service whose profiles are of the launcher under test. */
export interface LauncherWorld {
  readonly service: TestService;
  /** Names of two users of whom the launcher can run servers. */
  readonly users: readonly [string, string];
  /** Ends all of it, and fails when a process of a server is left. */
  dispose(): Promise<void>;
}

/** YAML of the profiles that the suite starts; `more` goes into each of them. */
export function contractProfiles(more = ''): string {
  const python = '/usr/bin/python3, -u, -m, http.server, "{guest-port}"';
  const profiles: Record<string, string> = {
    web: `[${python}]`,
    dies: '[sh, -c, "echo first; echo last words; exit 3"]',
    leaves: `[sh, -c, "setsid sleep 1000000 & exec ${python.replaceAll(/[",]/g, '')}"]`,
    stubborn: `[sh, -c, "trap '' TERM; ${python.replaceAll(/[",]/g, '')} & while :; do wait; done"]`,
    silent: '[sleep, "1000"]',
    environment: '[sh, -c, "env; exec /usr/bin/python3 -u -m http.server 8888"]',
    reaches: `[/usr/bin/python3, -u, -c, ${JSON.stringify(reachScript)}]`,
  };
  const lines = Object.entries(profiles).map(
    ([name, command]) =>
      `  - {name: ${name}, command: ${command}, stop_timeout: ${name === 'stubborn' ? 0.5 : 10}, ready_timeout: ${
        name === 'silent' ? 1 : 60
      }, options: [{name: url, variable: TARGET, type: text}]${more === '' ? '' : `, ${more}`}}`,
  );
  return lines.join('\n');
}

/** Tries to reach TARGET, says how that went, and then serves. */
const reachScript = [
  'import http.server, os, urllib.parse, socket',
  "target = urllib.parse.urlsplit(os.environ['TARGET'])",
  'def attempt(host):',
  '    try:',
  '        socket.create_connection((host, target.port), 3).close()',
  "        return 'reached'",
  '    except OSError as error:',
  '        return type(error).__name__',
  "print('attempts:', attempt(target.hostname), attempt('10.0.2.2'), flush=True)",
  "http.server.ThreadingHTTPServer(('0.0.0.0', 8888), http.server.SimpleHTTPRequestHandler).serve_forever()",
].join('\n');

export function describeLauncher(name: string, open: () => Promise<LauncherWorld>): void {
  describe(`the launcher ${name}`, () => {
    let world: LauncherWorld;
    let service: TestService;
    let users: LauncherWorld['users'];
    beforeAll(async () => {
      world = await open();
      ({ service, users } = world);
    }, 120_000);
    afterAll(() => world?.dispose(), 120_000);

    let serial = 0;
    const newId = () => `contract-${name}-${serial++}`;
    const stateOf = async (server: string) => (await service.call('GET', serverPath(users[0], server))).body;
    const started = async (profile: string, more: object = {}, user = users[0]) => {
      const server = `s${serial}`;
      const last = (await service.start(user, { spawn_id: newId(), profile, ...more }, server)).at(-1);
      return { server, last, url: last?.url ?? '' };
    };
    const stop = (server: string, query = '') =>
      service.call('DELETE', `${serverPath(users[0], server)}${query}`);
    const log = async (server: string) => {
      const response = await fetch(`${service.url}/api${serverPath(users[0], server)}/log`, {
        headers: { authorization: 'token test-hub-token-0123456789' },
      });
      return response.text();
    };

    test('a started server answers at the address that it is said to have', async () => {
      const { server, last, url } = await started('web');
      expect(last).toMatchObject({ progress: 100, ready: true });
      expect((await fetch(url)).status).toBe(200);
      expect(await stateOf(server)).toMatchObject({ state: 'ready', url, exit: null, error: null });
    });

    test('when a stop is answered, nothing of the server is left, nor of what it had started', async () => {
      const { server, url } = await started('leaves');
      expect((await stop(server)).status).toBe(204);
      await expect(fetch(url)).rejects.toThrow();
      expect(processesBelow('sleep', '1000000')).toEqual([]);
    });

    test('a server that ignores SIGTERM is killed after stop_timeout', async () => {
      const { server, url } = await started('stubborn');
      expect((await stop(server)).status).toBe(204);
      await expect(fetch(url)).rejects.toThrow();
    });

    test('a server that dies before it is ready says so, with its exit code and its last words', async () => {
      const { server, last } = await started('dies');
      expect(last).toMatchObject({
        failed: true,
        error: { code: 'SERVER_DIED', log: ['first', 'last words'] },
      });
      expect(await stateOf(server)).toMatchObject({ state: 'exited', exit: { code: 3, signal: null } });
    });

    test('a server that never answers is ended after ready_timeout', async () => {
      const { server, last } = await started('silent');
      expect(last).toMatchObject({ failed: true, error: { code: 'SERVER_NOT_READY' } });
      expect(await stateOf(server)).toMatchObject({ state: 'exited', url: null });
    });

    test('a server can be stopped at any moment of its start', async () => {
      for (let round = 0; round < 4; round += 1) {
        const server = `early-${round}`;
        const path = serverPath(users[0], server);
        await service.call('POST', path, { spawn_id: newId(), profile: 'web' });
        for (let step = 0; step < round * 10; step += 1) await service.call('GET', path);
        expect((await stop(server, '?now=1')).status).toBe(204);
        expect((await service.call('GET', path)).status).toBe(404);
      }
    });

    test('its environment is what the hub sent, its account the user, and its output the log', async () => {
      const { server } = await started('environment', { env: { SECRET_OF_HUB: 'from-the-hub-123' } });
      const text = await log(server);
      expect(text).toContain('SECRET_OF_HUB=from-the-hub-123');
      expect(text).toContain(`USER=${users[0]}\n`);
    });

    test('the secret in the environment is in no command line', async () => {
      const secret = `secret-${newId()}`;
      await started('web', { env: { JUPYTERHUB_API_TOKEN: secret } });
      expect(processesBelow('/', secret)).toEqual([]);
    });

    test("one user's server cannot reach another's", async () => {
      const { url } = await started('web');
      const { server } = await started('reaches', { user_options: { url } }, users[1]);
      const response = await fetch(`${service.url}/api${serverPath(users[1], server)}/log`, {
        headers: { authorization: 'token test-hub-token-0123456789' },
      });
      expect((await fetch(url)).status).toBe(200);
      expect(await response.text()).toMatch(/attempts: (?!reached)\w+ (?!reached)\w+\n/);
    });

    test('kill -9 of the service: its servers answer meanwhile, and are adopted at the same address', async () => {
      const { server, url } = await started('web');
      const before = await stateOf(server);
      await service.restart();
      expect((await fetch(url)).status).toBe(200);
      const { state, spawn_id, started: since, pid } = before;
      expect(await stateOf(server)).toMatchObject({ state, spawn_id, started: since, pid, url });
      expect((await stop(server)).status).toBe(204);
      await expect(fetch(url)).rejects.toThrow();
    });

    test('kill -9 at any moment of a start: the next service ends the server or has it ready', async () => {
      for (let round = 0; round < 4; round += 1) {
        const server = `cut-${round}`;
        await service.call('POST', serverPath(users[0], server), { spawn_id: newId(), profile: 'web' });
        for (let step = 0; step < round * 8; step += 1) await stateOf(server);
        await service.restart();
        await expect
          .poll(async () => (await stateOf(server)).state, { timeout: 60_000 })
          .toMatch(/ready|exited/);
        expect((await stop(server, '?now=1')).status).toBe(204);
      }
    });
  });
}
