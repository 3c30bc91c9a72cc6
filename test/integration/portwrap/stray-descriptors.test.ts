// Closing what this process has inherited closes nothing that Node itself has open: since 22.19 it reads certificates in a
// thread. Not here: what reaches a payload (descriptors.test.ts).
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';

const program = `
import { closeSync, fstatSync, openSync } from 'node:fs';
import 'node:tls';
const { closeStrayDescriptors } = await import(process.argv[1]);
await new Promise((resolve) => setTimeout(resolve, 20)); // for the thread to begin
closeStrayDescriptors();
const closed = (() => { try { fstatSync(20); } catch (error) { return error.code; } })();
const opened = Array.from({ length: 20 }, () => openSync('/dev/null'));
await new Promise((resolve) => setTimeout(resolve, 500)); // for the thread to end
opened.forEach((fd) => closeSync(fd)); // EBADF: somebody else has closed it
console.log(closed);
`;

test.each([
  ['of NODE_EXTRA_CA_CERTS', (file: string) => ({ NODE_EXTRA_CA_CERTS: file })],
  ['of the system', (file: string) => ({ SSL_CERT_FILE: file, ...systemCertificates() })],
])('what was inherited is closed, and certificates %s are read to their end', (_, environment) => {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-stray-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'certificates.pem');
  writeFileSync(file, Array.from({ length: 10 }, () => rootCertificates.join('\n')).join('\n'));
  const words = ['--input-type=module', '-e', program];
  const module = resolve('dist/portwrap/system/inherited-descriptors.js');
  const inherited = openSync('/dev/null', 'r');
  onTestFinished(() => closeSync(inherited));
  const { stdout, stderr } = spawnSync(process.execPath, [...words, module], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...environment(file) },
    stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: 17 }, () => 'ignore' as const), inherited],
  });
  expect(stderr).toBe('');
  expect(stdout).toBe('EBADF\n');
});

/** The option came with the threads. */
function systemCertificates() {
  return process.allowedNodeEnvironmentFlags.has('--use-system-ca')
    ? { NODE_OPTIONS: '--use-system-ca' }
    : {};
}
