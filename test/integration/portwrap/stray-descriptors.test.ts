// Closing what this process has inherited closes nothing that Node itself has open: since 22.19 it reads certificates in a
// thread. Not here: what reaches a payload (descriptors.test.ts).
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';

/** Waits until the thread has the file, where there is one, before it closes. */
const program = `
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import 'node:tls';
const [module, file, hasThread] = process.argv.slice(1);
const { closeStrayDescriptors } = await import(module);
const target = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
while (hasThread === 'true' && !readdirSync('/proc/self/fd').some((fd) => target(fd) === file));
closeStrayDescriptors();
const closed = (() => { try { fstatSync(20); } catch (error) { return error.code; } })();
const opened = Array.from({ length: 20 }, () => openSync('/dev/null'));
await new Promise((resolve) => setTimeout(resolve, 500)); // for a thread to end
opened.forEach((fd) => closeSync(fd)); // EBADF: somebody else has closed it
console.log(closed);
`;

test.each([
  ['of NODE_EXTRA_CA_CERTS', (file: string) => ({ NODE_EXTRA_CA_CERTS: file }), []],
  ['of the system by NODE_OPTIONS', ofSystem({ NODE_OPTIONS: '--use_system_ca' }), []],
  ['of the system by NODE_USE_SYSTEM_CA', ofSystem({ NODE_USE_SYSTEM_CA: '1' }), []],
  ['of the system by an argument', ofSystem({}), ['--use-system-ca']],
] as const)(
  'what was inherited is closed, and certificates %s are read to their end',
  (_, environment, options) => {
    const known = readsInThread ? options : [];
    const file = slowFile(rootCertificates.join('\n'));
    const words = [...known, '--input-type=module', '-e', program];
    const inherited = openSync('/dev/null', 'r');
    onTestFinished(() => closeSync(inherited));
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [...words, resolve('dist/portwrap/system/inherited-descriptors.js'), file, `${readsInThread}`],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, SSL_CERT_DIR: join(dirname(file), 'none'), ...environment(file) },
        stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: 17 }, () => 'ignore' as const), inherited],
      },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('EBADF\n');
  },
);

/** As far as this Node has it; the option --use-env-proxy is a little younger than the threads. */
const readsInThread = process.allowedNodeEnvironmentFlags.has('--use-env-proxy');

function ofSystem(more: Readonly<Record<string, string>>) {
  return (file: string) => ({ SSL_CERT_FILE: file, ...(readsInThread ? more : {}) });
}

/** A FIFO whose text comes 300 ms after a reader. */
function slowFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-stray-'));
  writeFileSync(join(directory, 'text'), text);
  const file = join(directory, 'certificates.pem');
  mkdirSync(join(directory, 'none'));
  spawnSync('mkfifo', [file]);
  const writer = spawn('sh', ['-c', 'exec >"$2"; sleep 0.3; cat "$1"', 'sh', join(directory, 'text'), file]);
  onTestFinished(() => {
    writer.kill();
    rmSync(directory, { recursive: true });
  });
  return file;
}
