// npm start as a whole, with the real parts: it serves, it heals, and it leaves nothing behind.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HubBrowser } from '../../support/browser/hub-browser.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { Script } from './support/script.ts';

describe('npm start', () => {
  let ports: number[];
  let demo: Script;

  beforeEach(async () => {
    ports = await freePorts(5);
    const [a, b, c, d, e] = ports.map(String) as [string, string, string, string, string];
    demo = new Script('start.mjs', {
      PORTWRAP_PORT: a,
      PORTWRAP_PROXY_API_PORT: b,
      PORTWRAP_HUB_PORT: c,
      PORTWRAP_SERVICE_PORT: d,
      PORTWRAP_PAGE_PORT: e,
      PORTWRAP_DEMO_HUB: 'system',
      PORTWRAP_PORT_RANGE: '27000-27099',
    });
  });

  afterEach(() => demo.dispose());

  async function ready(): Promise<HubBrowser> {
    await demo.said(/Ctrl-C stops everything/);
    return new HubBrowser(`http://127.0.0.1:${ports[0]}`);
  }

  const printed = (label: string) => new RegExp(`${label} +(\\S+)`).exec(demo.output)?.[1] ?? '';

  async function startServer(browser: HubBrowser, user: string): Promise<void> {
    await browser.logIn(user, printed('Password'));
    expect((await browser.api('POST', `/users/${user}/server`)).status).toBeLessThan(300);
    // The page, not the API: opening it is what logs the browser in to the server.
    await expect
      .poll(async () => new URL((await browser.get(`/user/${user}/tree`)).url).pathname, { timeout: 40_000 })
      .toBe(`/user/${user}/tree`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    demo.child.kill(signal);
    expect(await demo.ended).toEqual({ code: 0, signal: null });
  }

  async function expectNothingLeft(): Promise<void> {
    expect(demo.processes()).toEqual([]);
    expect(demo.left()).toEqual([]);
    // Each port can be bound again.
    for (const port of ports) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  }

  test('prints an address, a user and a password with which a server starts in a sandbox and is reached', async () => {
    const browser = await ready();
    expect(printed('Open')).toBe(`http://127.0.0.1:${ports[0]}/`);
    const user = printed('User');
    await startServer(browser, user);
    expect(demo.processes().some((line) => line.includes('jupyterhub-singleuser'))).toBe(true);
    expect((await browser.api('DELETE', `/users/${user}/server`)).status).toBe(204);
    expect(demo.processes().filter((line) => /bwrap|slirp4netns|singleuser/.test(line))).toEqual([]);
    await end('SIGINT');
    await expectNothingLeft();
  });

  test('leaves no process, socket or file when it is ended while servers run', async () => {
    const browser = await ready();
    await startServer(browser, 'alice');
    await end('SIGTERM');
    await expectNothingLeft();
  });

  test.each([
    ['its first parts', /Starting the proxy/],
    ['the hub', /Starting JupyterHub/],
  ])('leaves nothing when it is ended while it is starting %s', async (_, moment) => {
    await demo.said(moment);
    await end('SIGHUP');
    await expectNothingLeft();
  });

  test('goes on with the same servers when the service is killed, and the hub can then stop them', async () => {
    const browser = await ready();
    await startServer(browser, 'alice');
    process.kill(pidOf('spawner/main.js serve'), 'SIGKILL');
    expect((await browser.get('/user/alice/api/status')).status).toBe(200);
    await demo.said(/The spawner service runs again/);
    expect((await browser.get('/user/alice/api/status')).status).toBe(200);
    expect((await browser.api('DELETE', '/users/alice/server')).status).toBe(204);
    expect(demo.processes().filter((line) => /bwrap|slirp4netns|singleuser/.test(line))).toEqual([]);
    await end('SIGINT');
    await expectNothingLeft();
  });

  test('finds the servers again when the proxy and the hub are killed', async () => {
    const browser = await ready();
    await startServer(browser, 'alice');
    process.kill(pidOf('proxy/main.js'), 'SIGKILL');
    await demo.said(/The proxy runs again/);
    process.kill(pidOf('-m jupyterhub'), 'SIGKILL');
    await demo.said(/JupyterHub runs again/);
    await expect
      .poll(async () => (await browser.get('/user/alice/api/status')).status, { timeout: 20_000 })
      .toBe(200);
    await end('SIGINT');
    await expectNothingLeft();
  });

  test('ends with the log of a part that keeps dying, and stops the servers all the same', async () => {
    const browser = await ready();
    await startServer(browser, 'alice');
    for (let death = 1; death <= 4; death += 1) {
      process.kill(pidOf('spawner/main.js serve'), 'SIGKILL');
      if (death < 4) await demo.said(new RegExp(`(runs again[^]*){${death}}`));
    }
    expect(await demo.ended).toEqual({ code: 1, signal: null });
    expect(demo.output).toMatch(/The spawner service ended \(SIGKILL\)\. The end of its log/);
    await expectNothingLeft();
  });

  test('keeps its secrets from other users, from command lines and from its logs', async () => {
    await ready();
    const [directory = ''] = demo.left();
    const inDemo = (...parts: string[]) => join(demo.temp, directory, ...parts);
    const secrets = ['password', 'service-token', 'proxy-token', 'page-token'].map((name) =>
      readFileSync(inDemo('secrets', name), 'utf8').trim(),
    );
    const commandLines = demo.processes().join('\n');
    const logs = ['proxy', 'service', 'hub'].map((name) =>
      readFileSync(inDemo('logs', `${name}.log`), 'utf8'),
    );
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThanOrEqual(12);
      expect(commandLines).not.toContain(secret);
      expect(logs.join('')).not.toContain(secret);
    }
    await end('SIGINT');
  });

  function pidOf(commandLine: string): number {
    const found = demo.processes().filter((line) => line.includes(commandLine));
    expect(found).toHaveLength(1);
    return Number.parseInt(found[0] ?? '', 10);
  }
});

test('npm start keeps a directory that was named, with the password and the homes in it', async () => {
  const named = mkdtempSync(join(tmpdir(), 'pws-'));
  chmodSync(named, 0o711);
  const passwords: string[] = [];
  try {
    for (let round = 1; round <= 2; round += 1) {
      const [a, b, c, d, e] = (await freePorts(5)).map(String) as [string, string, string, string, string];
      const demo = new Script('start.mjs', {
        ...{ PORTWRAP_PORT: a, PORTWRAP_PROXY_API_PORT: b, PORTWRAP_HUB_PORT: c, PORTWRAP_SERVICE_PORT: d },
        PORTWRAP_PAGE_PORT: e,
        PORTWRAP_DEMO_DIR: join(named, 'demo'),
        PORTWRAP_DEMO_HUB: 'system',
        PORTWRAP_PORT_RANGE: '27100-27199',
      });
      try {
        await demo.said(/Ctrl-C stops everything/);
        passwords.push(/Password +(\S+)/.exec(demo.output)?.[1] ?? '');
        expect(demo.left()).toEqual([]);
        demo.child.kill('SIGTERM');
        expect(await demo.ended).toEqual({ code: 0, signal: null });
      } finally {
        await demo.dispose();
      }
    }
    expect(passwords[1]).toBe(passwords[0]);
    expect(passwords[0]).toHaveLength(12);
    expect(readdirSync(join(named, 'demo'))).toContain('homes');
  } finally {
    rmSync(named, { recursive: true, force: true });
  }
});

test('npm start ends with the log of a part that cannot start', async () => {
  const [a, b, c, d, e] = await freePorts(5);
  const demo = new Script('start.mjs', {
    PORTWRAP_PORT: `${a}`,
    PORTWRAP_PROXY_API_PORT: `${b}`,
    PORTWRAP_HUB_PORT: `${c}`,
    PORTWRAP_SERVICE_PORT: `${d}`,
    PORTWRAP_PAGE_PORT: `${e}`,
    PORTWRAP_DEMO_HUB: 'system',
    PORTWRAP_PORT_RANGE: '29999-20000',
  });
  try {
    expect(await demo.ended).toEqual({ code: 1, signal: null });
    expect(demo.output).toMatch(/The spawner service ended \(exit code 78\)/);
    expect(demo.output).toMatch(/ports\.range|29999-20000/);
    expect(demo.left()).toEqual([]);
    expect(demo.processes()).toEqual([]);
  } finally {
    await demo.dispose();
  }
});
