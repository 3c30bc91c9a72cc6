// Mistakes in TLS files and options: the message names option, file and mistake, the status is 78, nothing starts.
// Not here: mistakes at a renewal (renewal.test.ts).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { certificates } from '../support/certificates.ts';
import { compiledCommand, freePort, runCommand } from '../support/command.ts';
import { startedProxy } from '../support/started-proxy.ts';

const main = compiledCommand();
const certs = certificates();
const server = certs.issue('server', 'DNS:localhost');
const other = certs.issue('other', 'DNS:other.example');
const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-mistakes-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
}
const text = (path: string) => readFileSync(path, 'utf8');
const both = file('both.pem', text(server.cert) + text(server.key));
const junk = file('junk.pem', 'junk\n');
const cut = file('cut.pem', text(server.cert).slice(0, -30));
const damaged = file('damaged.pem', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
const badKey = file('bad.key', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n');
const wrongOrder = file('order.pem', text(certs.ca) + text(server.cert));
const encrypted = join(dir, 'encrypted.key');
execFileSync('openssl', ['pkey', '-in', server.key, '-aes256', '-passout', 'pass:right', '-out', encrypted]);

const pair = (key: string, cert: string) => ['--ssl-key', key, '--ssl-cert', cert];
const good = pair(server.key, server.cert);

interface Mistake {
  readonly what: string;
  readonly argv: readonly string[];
  readonly message: RegExp;
  readonly env: Record<string, string>;
}

const mistake = (what: string, argv: readonly string[], message: RegExp, env = {}): Mistake => {
  return { what, argv, message, env };
};

const mistakes: readonly Mistake[] = [
  mistake(
    'a key of another certificate',
    pair(other.key, server.cert),
    /other\.key of --ssl-key does not belong to the first certificate in .*server\.crt of --ssl-cert \(DNS:localhost\)/,
  ),
  mistake(
    'a chain that begins with the authority',
    pair(server.key, wrongOrder),
    /does not belong to the first certificate in .*order\.pem/,
  ),
  mistake(
    'a key without a passphrase',
    pair(encrypted, server.cert),
    /encrypted\.key of --ssl-key is encrypted.*\n.*CONFIGPROXY_SSL_KEY_PASSPHRASE/,
  ),
  mistake(
    'a wrong passphrase',
    pair(encrypted, server.cert),
    /passphrase in CONFIGPROXY_SSL_KEY_PASSPHRASE does not open the key in .*encrypted\.key/,
    { CONFIGPROXY_SSL_KEY_PASSPHRASE: 'wrong' },
  ),
  mistake(
    'a wrong passphrase of the API',
    ['--api-ssl-key', encrypted, '--api-ssl-cert', server.cert],
    /CONFIGPROXY_API_SSL_KEY_PASSPHRASE does not open .*--api-ssl-key/,
    { CONFIGPROXY_API_SSL_KEY_PASSPHRASE: 'wrong' },
  ),
  mistake(
    'an encrypted key for targets',
    ['--client-ssl-key', encrypted, '--client-ssl-cert', server.cert],
    /encrypted\.key of --client-ssl-key is encrypted/,
  ),
  mistake('junk as a key', pair(junk, server.cert), /junk\.pem of --ssl-key holds no private key in PEM/),
  mistake('a damaged key', pair(badKey, server.cert), /bad\.key of --ssl-key is damaged/),
  mistake(
    'junk as a certificate',
    pair(server.key, junk),
    /junk\.pem of --ssl-cert holds no certificate in PEM/,
  ),
  mistake(
    'an empty certificate',
    pair(server.key, file('empty.pem', '')),
    /empty\.pem of --ssl-cert holds no certificate in PEM/,
  ),
  mistake('a cut certificate', pair(server.key, cut), /cut\.pem of --ssl-cert is incomplete/),
  mistake(
    'a damaged certificate',
    pair(server.key, damaged),
    /certificate 1 in .*damaged\.pem of --ssl-cert is damaged/,
  ),
  mistake(
    'key and certificate swapped',
    pair(server.cert, server.key),
    /holds no (?:certificate in PEM, but a private key|private key in PEM, but a certificate)/,
  ),
  mistake(
    'a certificate without a key',
    ['--ssl-cert', server.cert],
    /--ssl-cert .*server\.crt needs --ssl-key too/,
  ),
  mistake(
    'a key without a certificate',
    ['--api-ssl-key', server.key],
    /--api-ssl-key .*server\.key needs --api-ssl-cert too/,
  ),
  mistake(
    'a certificate for targets without a key',
    ['--client-ssl-cert', server.cert],
    /--client-ssl-cert .* needs --client-ssl-key too/,
  ),
  mistake('authorities alone', ['--ssl-ca', certs.ca], /--ssl-ca needs --ssl-key and --ssl-cert too/),
  mistake('junk as authorities', [...good, '--ssl-ca', junk], /junk\.pem of --ssl-ca holds no certificate/),
  mistake(
    'junk as authorities of targets',
    ['--client-ssl-ca', junk],
    /junk\.pem of --client-ssl-ca holds no certificate/,
  ),
  mistake(
    'an unknown cipher',
    [...good, '--ssl-ciphers', 'NOPE'],
    /--ssl-ciphers: OpenSSL knows none of the ciphers in "NOPE"/,
  ),
  mistake(
    'an unknown protocol',
    [...good, '--ssl-protocol', 'TLSv9'],
    /--ssl-protocol: "TLSv9" is not a TLS version/,
  ),
  mistake(
    'junk as Diffie-Hellman parameters',
    [...good, '--ssl-dhparam', junk],
    /junk\.pem of --ssl-dhparam holds no Diffie-Hellman parameters/,
  ),
  mistake('a directory', pair(dir, server.cert), /cannot read .* of --ssl-key: EISDIR/),
];

const more = { argv: ['--workers', '2', ...pair(other.key, server.cert)], message: /does not belong to/ };

test.each([...mistakes, mistake('a mistake with workers', more.argv, more.message)])(
  '$what is named, and ends the start with 78',
  async ({ argv, message, env }) => {
    const where = ['--ip', '127.0.0.1', '--port', `${await freePort()}`];
    const proxy = runCommand(main, [...where, ...argv], { CONFIGPROXY_AUTH_TOKEN: 'secret', ...env });
    expect(await proxy.ended).toBe(78);
    expect(proxy.stderr()).toMatch(message);
    expect(proxy.stderr()).not.toMatch(/defect|right|node:/);
  },
);

test('one file for key and certificate, a chain, an encrypted key and authorities alone for targets are no mistakes', async () => {
  const chain = file('chain.pem', text(server.cert) + text(certs.ca));
  for (const argv of [pair(both, both), pair(server.key, chain), ['--client-ssl-ca', certs.ca]])
    expect((await startedProxy(argv)).port).toBeGreaterThan(0);
  const argv = ['--ip', '127.0.0.1', '--port', `${await freePort()}`, ...pair(encrypted, server.cert)];
  const env = { CONFIGPROXY_AUTH_TOKEN: 'secret', CONFIGPROXY_SSL_KEY_PASSPHRASE: 'right' };
  await runCommand(main, argv, env).until('Proxy API at');
});

test('a certificate that has expired is served, and the log warns', async () => {
  const at = (name: string) => join(dir, name);
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'pipe' });
  openssl('req', '-new', '-key', server.key, '-subj', '/CN=ended', '-out', at('ended.csr'));
  const sign = ['x509', '-req', '-in', at('ended.csr'), '-signkey', server.key, '-out', at('ended.crt')];
  try {
    openssl(...sign, '-days', '-1');
  } catch {
    // OpenSSL 3.4 and later refuse that, and have these
    openssl(...sign, '-not_before', '20200101000000Z', '-not_after', '20200201000000Z');
  }
  const proxy = await startedProxy(pair(server.key, at('ended.crt')));
  expect(proxy.log.join('')).toMatch(/ended\.crt of --ssl-cert expired on \d{4}-\d\d-\d\d/);
});
