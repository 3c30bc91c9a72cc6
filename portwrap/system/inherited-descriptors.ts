// Descriptors that this process inherited by accident and would pass to every child. At its start Node sets
// close-on-exec only on the first few; it sets the flag on all that it opens itself. bwrap passes on all that it
// gets, so without this file the payload would get the open files of our parent.
// Not here: the descriptors that a sandbox must inherit (launch/build.ts).
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2000000; // O_CLOEXEC (open(2)); fdinfo shows it in octal, proc(5)
let done = false;

/** Closes them, once per process. Descriptors without O_CLOEXEC were not opened by this process. */
export function closeStrayDescriptors(): void {
  if (done) return;
  for (const fd of strayDescriptors()) closeSync(fd);
  done = true;
}

/** Open descriptors beyond standard input, output and error that a child would inherit. */
export function strayDescriptors(): number[] {
  awaitCertificates();
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInheritable(fd));
}

/**
 * Since 22.19 Node reads the administrator's certificates in a thread, which starts with node:tls, and does not set the flag
 * on these files: their numbers would be closed while the thread uses them, and again by the thread when something else has
 * them. To ask for the certificates waits for the thread. Earlier versions read them in the main thread.
 */
function awaitCertificates(): void {
  const { env, execArgv } = process;
  const tls: Partial<CertificateReader> & object = process.getBuiltinModule('node:tls');
  if (env.NODE_EXTRA_CA_CERTS) tls.getCACertificates?.('extra');
  const options = [...execArgv, env.NODE_OPTIONS ?? ''].map((option) => option.replaceAll('_', '-'));
  const usesSystem =
    env.NODE_USE_SYSTEM_CA === '1' || options.some((text) => text.includes('--use-system-ca'));
  if (usesSystem) tls.getCACertificates?.('system');
}

interface CertificateReader {
  getCACertificates(kind: 'extra' | 'system'): unknown;
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // the descriptor of the listing itself
    throw error;
  }
}
