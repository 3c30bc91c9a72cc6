// The whole path with the real parts: npm start, JupyterHub, two users, their kernels through the proxy.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Demo, startDemo } from '../../support/demo.ts';
import { type HubUser, type KernelSession, logIn } from '../../support/hub/hub-user.ts';
import { processesBelow } from '../../support/service.ts';

let demo: Demo;
let ann: HubUser;
let bob: HubUser;
let annKernel: KernelSession;
let bobKernel: KernelSession;

beforeAll(async () => {
  demo = await startDemo();
  [ann, bob] = await Promise.all([
    logIn(demo.url, 'ann', demo.password),
    logIn(demo.url, 'bob', demo.password),
  ]);
  await Promise.all([ann.startServer(), bob.startServer()]);
  [annKernel, bobKernel] = await Promise.all([ann.openKernel(), bob.openKernel()]);
}, 240_000);

afterAll(async () => {
  await demo?.stop();
});

/** Python that tells whether a TCP connection succeeds. */
const connectCode = (host: string, port: number) => `
import socket
try:
    socket.create_connection((${JSON.stringify(host)}, ${port}), 5).close()
    print("open", end="")
except OSError as error:
    print(type(error).__name__, end="")
`;

describe('two users with notebooks', () => {
  test('cells run, each as an account of its own that is not root', async () => {
    const code = 'import os; print(6 * 7, os.getuid(), os.environ["HOME"], end="")';
    const [a, b] = [await annKernel.run(code), await bobKernel.run(code)];
    expect(a).toMatch(/^42 [1-9]\d* \/\S+\/ann$/);
    expect(b).toMatch(/^42 [1-9]\d* \/\S+\/bob$/);
    if (process.getuid?.() === 0) expect(a.split(' ')[1]).not.toBe(b.split(' ')[1]);
  });

  test('both listen on port 5000, each reaches its own, and the host reaches neither', async () => {
    for (const [kernel, name] of [
      [annKernel, 'ann'],
      [bobKernel, 'bob'],
    ] as const) {
      await kernel.run(`
import pathlib, subprocess, sys, urllib.request
pathlib.Path("who").mkdir(exist_ok=True)
pathlib.Path("who/name.txt").write_text("${name}")
server = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "5000", "--directory", "who"], stdout=subprocess.PIPE, text=True)
print(server.stdout.readline())
`);
    }
    const read = 'print(urllib.request.urlopen("http://127.0.0.1:5000/name.txt").read().decode(), end="")';
    expect([await annKernel.run(read), await bobKernel.run(read)]).toEqual(['ann', 'bob']);
    expect(await isOpen('127.0.0.1', 5000)).toBe(false);
  });

  test('the hub API answers from inside', async () => {
    const code = `
import json, os, urllib.request
request = urllib.request.Request(os.environ["JUPYTERHUB_API_URL"] + "/user", headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
print(json.load(urllib.request.urlopen(request))["name"], end="")`;
    expect(await annKernel.run(code)).toBe('ann');
  });

  test('no other listener of the host answers from inside, on its loopback or on its own address', async () => {
    const everywhere = createServer((socket) => socket.destroy()).listen(0, '0.0.0.0');
    await once(everywhere, 'listening');
    const { port } = everywhere.address() as AddressInfo;
    const own = Object.values(networkInterfaces()).flatMap((infos) => infos ?? []);
    const addresses = own
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address);
    try {
      const targets: [string, number][] = [
        ['10.0.2.2', demo.ports.service],
        ['10.0.2.2', demo.ports.proxyApi],
        ['10.0.2.2', port],
        ['127.0.0.1', demo.ports.hub],
        ...addresses.map((address): [string, number] => [address, port]),
      ];
      for (const [host, at] of targets) {
        expect(`${host}:${at} ${await annKernel.run(connectCode(host, at))}`).toBe(
          `${host}:${at} ConnectionRefusedError`,
        );
      }
      expect(await annKernel.run(connectCode('10.0.2.2', demo.ports.hub))).toBe('open');
    } finally {
      everywhere.close();
    }
  });

  test("one user's server does not open for the other", async () => {
    expect((await ann.fetch('/user/ann/api/status')).status).toBe(200);
    expect((await bob.fetch('/user/ann/api/status')).status).toBe(403);
  });

  test('kill -9 of the service: notebooks go on, and the hub still knows both when it is back', async () => {
    const pid = demo.servicePid();
    process.kill(pid, 'SIGKILL');
    expect(await annKernel.run('print("still here", end="")')).toBe('still here');
    await expect.poll(() => demo.servicePid(), { timeout: 20_000 }).not.toBe(pid);
    await expect
      .poll(
        async () =>
          (await fetch(`http://127.0.0.1:${demo.ports.service}/api/health`).catch(() => null))?.status,
        { timeout: 20_000 },
      )
      .toBe(200);
    for (const user of [ann, bob]) expect(await user.server()).toMatchObject({ ready: true, pending: null });
    expect(await bobKernel.run('print(1 + 1, end="")')).toBe('2');
  });

  test('stopping a server ends everything that its user started, and touches nobody else', async () => {
    await annKernel.run('import subprocess; subprocess.run("setsid -f sleep 4711", shell=True)');
    expect(processesBelow(demo.directory, 'sleep\x004711')).toHaveLength(1);
    await ann.stopServer();
    expect(await ann.server()).toBeUndefined();
    expect(processesBelow(demo.directory, 'sleep\x004711')).toEqual([]);
    expect(await bobKernel.run('print("bob", end="")')).toBe('bob');
    await bob.stopServer();
    for (const program of ['bwrap', 'slirp4netns', 'jupyterhub-singleuser', 'ipykernel']) {
      expect(processesBelow(demo.directory, program)).toEqual([]);
    }
  });

  test('Ctrl-C leaves no process and no file', async () => {
    await ann.startServer();
    expect(await demo.stop()).toBe(0);
    expect(processesBelow(demo.directory)).toEqual([]);
    expect(existsSync(demo.directory)).toBe(false);
  });
});

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
