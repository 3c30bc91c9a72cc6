// A certificate as a hub sends it: what is taken, what is refused in which words, and where the sandbox gets it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { fingerprintOf, handOver } from '../../../../spawner/requests/server-certificate.ts';
import { startRequest } from '../../../../spawner/requests/start-request.ts';
import { certificates } from '../../../integration/proxy/support/certificates.ts';

const authority = certificates();
const text = (path: string) => readFileSync(path, 'utf8');
const issued = (name: string) => {
  const { key, cert } = authority.issue(name, 'IP:127.0.0.1');
  return { key: text(key), cert: text(cert), ca: text(authority.ca) };
};
const sound = issued('alice');
const other = issued('bob');
const encrypted = execFileSync('openssl', ['pkey', '-aes256', '-passout', 'pass:x'], {
  input: sound.key,
  encoding: 'utf8',
});

const parsed = (tls: object) => startRequest.safeParse({ spawn_id: 'abcdefgh', tls });

test.each([
  ['a pair and its authority', sound],
  ['a chain and several authorities', { ...sound, cert: sound.cert + other.cert, ca: sound.ca + other.cert }],
])('%s is taken', (_what, tls) => {
  expect(parsed(tls).success).toBe(true);
});

test.each([
  ['the key of another one', { ...sound, key: other.key }, 'tls.key: must be the key of "cert"'],
  ['an encrypted key', { ...sound, key: encrypted }, 'tls.key: must be a private key in PEM, not encrypted'],
  ['a path', { ...sound, key: '/etc/key.pem' }, 'tls.key: must be a private key in PEM, not encrypted'],
  ['no certificate', { ...sound, cert: sound.key }, 'tls.cert: must be a certificate in PEM'],
  ['no authority', { ...sound, ca: '' }, 'tls.ca: must be certificates in PEM'],
  [
    'a damaged authority',
    { ...sound, ca: sound.ca.replace(/\n[^-]/, '\n!') },
    'tls.ca: must be certificates in PEM',
  ],
  ['a field too many', { ...sound, passphrase: 'x' }, 'tls: Unrecognized key: "passphrase"'],
])('%s is refused, and the words hold nothing of the key', (_what, tls, expected) => {
  const { issues } = parsed(tls).error ?? { issues: [] };
  const words = issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  expect(words).toEqual([expected]);
});

test('the fingerprint is that of the certificate, whatever comes after it in the file', () => {
  const said = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], {
    input: sound.cert,
    encoding: 'utf8',
  });
  expect(said.trim().split('=')[1]).toBe(fingerprintOf(sound));
  expect(fingerprintOf({ ...sound, cert: sound.cert + other.cert })).toBe(fingerprintOf(sound));
});

test('the sandbox gets three files below the hidden directory, and the names that Jupyter reads', () => {
  const { files, environment } = handOver(sound, tmpdir());
  expect(files.map(({ content }) => content)).toEqual([sound.key, sound.cert, sound.ca]);
  expect(Object.values(environment)).toEqual(files.map(({ path }) => path));
  expect(Object.keys(environment)).toEqual([
    ...['JUPYTERHUB_SSL_KEYFILE', 'JUPYTERHUB_SSL_CERTFILE', 'JUPYTERHUB_SSL_CLIENT_CA'],
  ]);
});
