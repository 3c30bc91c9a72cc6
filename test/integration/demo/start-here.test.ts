// npm start with JupyterHub and JupyterLab from PyPI: the notebook "Start here" run by two users, each statement of it
// compared with what its cells print; and the dashboard. Not here: a hub of Debian's packages (notebooks.test.ts).
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Demo, startDemo } from '../../support/demo.ts';
import { hubFromPyPI } from '../../support/hub/from-pypi.ts';
import { type HubUser, type KernelSession, logIn } from '../../support/hub/hub-user.ts';

interface Reader {
  readonly user: HubUser;
  /** Runs the cell with that id; settles with what it prints. */
  run(cell: string): Promise<string>;
  readonly kernel: KernelSession;
}

describe('the notebook "Start here"', hubFromPyPI, () => {
  let demo: Demo;
  let ann: Reader;
  let bob: Reader;

  beforeAll(async () => {
    demo = await startDemo('pypi');
    ann = await open('ann');
    bob = await open('bob');
  });
  afterAll(async () => {
    await demo?.stop();
  });

  async function open(name: string): Promise<Reader> {
    const user = await logIn(demo.url, name, demo.password);
    await user.startServer();
    const file = await user.fetch(`/user/${name}/api/contents/Start%20here.ipynb`);
    const { content } = (await file.json()) as { content: { cells: { id: string; source: string }[] } };
    const kernel = await user.openKernel();
    const sourceOf = (cell: string) => {
      const found = content.cells.find(({ id }) => id === cell);
      if (found === undefined) throw new Error(`the notebook has no cell "${cell}"`);
      return found.source;
    };
    return { user, kernel, run: (cell) => kernel.run(sourceOf(cell)) };
  }

  test('is shown by the JupyterLab of today, in a hub of today', async () => {
    const hub = (await (await fetch(`${demo.url}/hub/api/`)).json()) as { version: string };
    expect(hub.version).toMatch(/^6\./);
    const page = await ann.user.fetch('/user/ann/lab/tree/Start%20here.ipynb');
    expect(await page.text()).toMatch(/"appVersion": ?"4\./);
  });

  test('1 to 4: the port answers inside, its own word to each user, and nothing to the host', async () => {
    const word = async ({ run }: Reader) =>
      /^Port 8765 is open, and answers: (\w{8})\n$/.exec(await run('open'))?.[1];
    const first = await word(ann);
    // bob has not opened his yet: ann's is not what he finds
    expect(await bob.kernel.run(tryPort)).toBe('ConnectionRefusedError ConnectionRefusedError');
    const second = await word(bob);
    expect(first).toHaveLength(8);
    expect(second).toHaveLength(8);
    expect(second).not.toBe(first);
    for (const [reader, own] of [
      [ann, first],
      [bob, second],
    ] as const) {
      expect(await reader.run('inside')).toBe(`From inside, port 8765 answers: ${own}\n`);
      expect(await reader.run('host')).toBe('From the host, port 8765 answers: ConnectionRefusedError\n');
    }
  });

  test('3: the page that asks for the host tells what it gets there, and only to users of the hub', async () => {
    const page = `http://127.0.0.1:${demo.ports.hub}/hub/demo/outside`;
    expect((await fetch(page)).status).toBe(403);
    const other = createServer((_request, response) => response.end('somebody else'));
    try {
      await once(other.listen(8765, '127.0.0.1'), 'listening');
      expect(await ann.run('host')).toBe('From the host, port 8765 answers: somebody else\n');
    } finally {
      other.close();
    }
  });

  test('4: no host port of any server can be reached, though two are in use', async () => {
    const token = readFileSync(join(demo.directory, 'secrets', 'service-token'), 'utf8').trim();
    const answer = await fetch(`http://127.0.0.1:${demo.ports.service}/api/users`, {
      headers: { authorization: `token ${token}` },
    });
    const users = (await answer.json()) as { servers: Record<string, { url: string }> }[];
    const ports = users.map(({ servers }) => Number(new URL(servers['']?.url ?? '').port)).sort();
    expect(ports).toHaveLength(2);
    expect(await ann.run('users')).toBe('Servers that run: 2. Reached from here: 0.\n');
    expect(await ann.kernel.run('print(outside["servers"], end="")')).toBe(`[${ports.join(', ')}]`);
  });

  test('5: of what listens on the machine only the hub can be reached', async () => {
    const lines = (await ann.run('policy')).trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ {2,}|(?<=:\d+) +/).at(-1))).toEqual([
      'open',
      ...Array(4).fill('ConnectionRefusedError'),
    ]);
    const { page, proxyApi, service, hub } = demo.ports;
    for (const port of [hub, proxyApi, service, page]) {
      expect(lines.join('\n')).toContain(`10.0.2.2:${port} `);
      // they do listen
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBeGreaterThan(0);
    }
  });

  test('6: an account without privileges, its own processes only, an empty /tmp', async () => {
    const found = await ann.run('rest');
    expect(found).toMatch(/^Account: +ann [1-9]\d*\nCapabilities: +0{16} of 0{16}\nNo new privileges: 1\n/);
    expect(Number(/Processes: +(\d+)/.exec(found)?.[1])).toBeLessThan(15);
    expect(found).toMatch(/Files in \/tmp: +\d\n$/);
  });

  test('7: the dashboard is in the launcher, and answers to its user only', async () => {
    const { user } = ann;
    const entries = await (await user.fetch('/user/ann/server-proxy/servers-info')).text();
    expect(JSON.parse(entries)).toMatchObject({
      server_processes: [{ name: 'dashboard', launcher_entry: { enabled: true, title: 'Dashboard' } }],
    });
    const page = await user.fetch('/user/ann/dashboard/');
    expect([page.status, await page.text()]).toEqual([
      200,
      expect.stringContaining('<title>Dashboard</title>'),
    ]);
    const layout = await (await user.fetch('/user/ann/dashboard/_dash-layout')).text();
    expect(layout).toContain('The sandbox of ann');
    expect((await bob.user.fetch('/user/ann/dashboard/')).status).toBe(403);
  });
});

const tryPort = `
import socket
def connect(address):
    try:
        socket.create_connection((address, 8765), timeout=2).close()
        return "open"
    except OSError as error:
        return type(error).__name__
print(connect("127.0.0.1"), connect("10.0.2.2"), end="")
`;
