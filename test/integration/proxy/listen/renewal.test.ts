// Renewed keys and certificates: taken on SIGHUP and by itself, by every listener and every worker, without a restart.
// Not here: TLS itself (tls.test.ts), mistakes in the files (tls-mistakes.test.ts).
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { certificates } from '../support/certificates.ts';
import { type Command, compiledCommand, freePort, runCommand, runProgram } from '../support/command.ts';
import { forEachEngine, startedProxy } from '../support/started-proxy.ts';

const main = compiledCommand();
const certs = certificates();
const old = certs.issue('old', 'DNS:localhost');
const renewed = certs.issue('renewed', 'DNS:localhost');

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-renewal-'));
  return () => rmSync(dir, { recursive: true });
});
const key = () => join(dir, 'key.pem');
const cert = () => join(dir, 'cert.pem');

/** Replaces a file as an installation does: by a new one of the same name. */
function put(from: string, to: string): void {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

function install(pair: { key: string; cert: string }): void {
  put(pair.key, key());
  put(pair.cert, cert());
}

/** An open connection, and whose certificate it was shown. */
async function connected(port: number, protocol = 'http/1.1'): Promise<TLSSocket> {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: [protocol] };
  const socket = connect(options);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'secureConnect');
  return socket;
}

async function shown(port: number): Promise<string> {
  const socket = await connected(port);
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

/** What is shown on several connections, so that every worker has one of them. */
async function shownToMany(port: number): Promise<string[]> {
  const names = await Promise.all(Array.from({ length: 12 }, () => shown(port)));
  return [...new Set(names)];
}

/** The status of one request over an open connection. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET /_chp_healthz HTTP/1.1\r\nHost: h\r\n\r\n');
  const [answer] = await once(socket, 'data');
  return String(answer).slice(9, 12);
}

async function command(argv: readonly string[]): Promise<{ proxy: Command; port: number }> {
  const port = await freePort();
  const all = ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', '--port', `${port}`, ...argv];
  const proxy = runCommand(main, all, { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  await proxy.until('Proxy API at');
  return { proxy, port };
}

const ssl = (side = '') => [`--${side}ssl-key`, key(), `--${side}ssl-cert`, cert()];

forEachEngine(() => {
  test('after a reload new connections to every listener and to targets use the renewed pair; open ones stay', async () => {
    install(old);
    const target = createServer({
      key: readFileSync(old.key),
      cert: readFileSync(old.cert),
      ca: readFileSync(certs.ca),
      requestCert: true,
    });
    target.on('request', (req, res) => {
      res.setHeader('Connection', 'close');
      res.end(`${(req.socket as TLSSocket).getPeerCertificate().subject?.CN}`);
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    onTestFinished(() => {
      target.close();
      target.closeAllConnections();
    });
    const url = `https://localhost:${(target.address() as AddressInfo).port}`;
    const client = [...ssl('client-'), '--client-ssl-ca', certs.ca];
    const proxy = await startedProxy([...ssl(), ...ssl('api-'), ...client, '--default-target', url]);
    const seen = async (): Promise<string> => {
      const socket = await connected(proxy.port);
      socket.write('GET / HTTP/1.0\r\n\r\n');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      await once(socket, 'end');
      return answer.split('\r\n\r\n')[1] ?? '';
    };
    const open = await connected(proxy.port);
    expect([await shown(proxy.port), await shown(proxy.apiPort), await seen()]).toEqual([
      'old',
      'old',
      'old',
    ]);
    install(renewed);
    await proxy.reload();
    expect([await shown(proxy.port), await shown(proxy.apiPort)]).toEqual(['renewed', 'renewed']);
    expect(await seen()).toBe('renewed');
    expect(await ask(open)).toBe('200');
    expect(proxy.log.join('')).toMatch(/Renewed .*cert\.pem of --ssl-cert \(CN=renewed, valid until \d{4}-/);
  });
});

test.each([1, 2])('SIGHUP makes %i processes take a renewed pair, and ends none', async (workers) => {
  install(old);
  const { proxy, port } = await command([...ssl(), ...ssl('api-'), '--http2', '--workers', `${workers}`]);
  const open = await connected(port);
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  onTestFinished(() => session.destroy());
  await once(session, 'connect');
  expect(await shownToMany(port)).toEqual(['old']);
  install(renewed);
  proxy.child.kill('SIGHUP');
  await proxy.until('Renewed');
  await expect.poll(() => shownToMany(port)).toEqual(['renewed']);
  expect(await shown(port + 1)).toBe('renewed');
  expect((await connected(port, 'h2')).alpnProtocol).toBe('h2');
  expect(await ask(open)).toBe('200');
  const [answer] = await once(session.request({ ':path': '/_chp_healthz' }), 'response');
  expect(answer[':status']).toBe(200);
  proxy.child.kill('SIGHUP');
  await proxy.until('No key or certificate has changed');
  expect(proxy.child.exitCode).toBeNull();
});

test.each([1, 2])('%i processes take what certbot has renewed, without a signal', async (workers) => {
  mkdirSync(join(dir, 'archive'));
  mkdirSync(join(dir, 'live'));
  const link = (pair: { key: string; cert: string }, number: number): void => {
    for (const [name, from] of [
      ['privkey', pair.key],
      ['fullchain', pair.cert],
    ] as const) {
      copyFileSync(from, join(dir, `archive/${name}${number}.pem`));
      symlinkSync(`../archive/${name}${number}.pem`, join(dir, `live/${name}.pem.new`));
      renameSync(join(dir, `live/${name}.pem.new`), join(dir, `live/${name}.pem`));
    }
  };
  link(old, 1);
  const files = ['--ssl-key', join(dir, 'live/privkey.pem'), '--ssl-cert', join(dir, 'live/fullchain.pem')];
  const { proxy, port } = await command([...files, '--workers', `${workers}`]);
  expect(await shownToMany(port)).toEqual(['old']);
  link(renewed, 2);
  await proxy.until('Renewed');
  await expect.poll(() => shownToMany(port)).toEqual(['renewed']);
});

test('while only one file is renewed, or a file is cut, the old pair stays and the log says why; then the new one is taken', async () => {
  install(old);
  const { proxy, port } = await command([...ssl(), '--workers', '2']);
  put(renewed.key, key());
  await proxy.until(/the earlier ones stay: the key in .*key\.pem .* does not belong to .*cert\.pem/);
  writeFileSync(cert(), readFileSync(renewed.cert, 'utf8').slice(0, -40));
  await proxy.until(/the earlier ones stay: .*cert\.pem .* is incomplete/);
  expect(await shownToMany(port)).toEqual(['old']);
  // a worker that starts now has the pair of the others
  const children = `/proc/${proxy.child.pid}/task/${proxy.child.pid}/children`;
  const workers = readFileSync(children, 'utf8').trim().split(' ').map(Number);
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  await expect.poll(() => shownToMany(port).catch(() => []), { timeout: 30_000 }).toEqual(['old']);
  put(renewed.cert, cert());
  await proxy.until('Renewed');
  await expect.poll(() => shownToMany(port)).toEqual(['renewed']);
});

test("the guide's hook of certbot and lego gives an unprivileged proxy what only root can read", async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/proxy.md'), 'utf8');
  const hook = /```sh\n(#!\/bin\/sh\n# install-hub-certificate[\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { gid } = statSync('/');
  const script = hook
    .replace('/etc/portwrap-spawner/tls', join(dir, 'tls'))
    .replaceAll('-g portwrap-proxy', '-g nogroup');
  writeFileSync(join(dir, 'hook'), script, { mode: 0o755 });
  const lineage = join(dir, 'lineage');
  mkdirSync(lineage, { mode: 0o700 });
  const run = (pair: { key: string; cert: string }, env: (at: string) => Record<string, string>): void => {
    copyFileSync(pair.key, join(lineage, 'privkey.pem'));
    chmodSync(join(lineage, 'privkey.pem'), 0o600);
    chownSync(join(lineage, 'privkey.pem'), 0, gid);
    copyFileSync(pair.cert, join(lineage, 'fullchain.pem'));
    execFileSync(join(dir, 'hook'), { env: { PATH: process.env.PATH, ...env(lineage) } });
  };
  run(old, (at) => ({ RENEWED_LINEAGE: at }));
  chmodSync(dir, 0o755);
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const port = await freePort();
  const files = ['--ssl-key', join(dir, 'tls/key.pem'), '--ssl-cert', join(dir, 'tls/cert.pem')];
  const argv = [process.execPath, main, '--ip', '127.0.0.1', '--port', `${port}`, ...files];
  chmodSync(join(main, '../..'), 0o755);
  const proxy = runProgram('setpriv', [...nobody, ...argv], { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  await proxy.until('Proxy API at');
  expect(await shown(port)).toBe('old');
  expect(statSync(join(dir, 'tls/key.pem')).mode & 0o777).toBe(0o640);
  run(renewed, (at) => ({
    LEGO_CERT_PATH: join(at, 'fullchain.pem'),
    LEGO_CERT_KEY_PATH: join(at, 'privkey.pem'),
  }));
  await proxy.until('Renewed');
  expect(await shown(port)).toBe('renewed');
  run(old, (at) => ({
    LEGO_HOOK_CERT_PATH: join(at, 'fullchain.pem'),
    LEGO_HOOK_CERT_KEY_PATH: join(at, 'privkey.pem'),
  }));
  await proxy.until(/Renewed .*CN=old/);
});
