// Reads the files of one listener, or of the connections to targets, and checks them.
// Not here: the mistakes (check-tls.ts), reading again (certificates.ts).

import { readFile } from 'node:fs/promises';
import { PortwrapError } from '../../config/errors.ts';
import { errorText } from '../../config/system/error-text.ts';
import { checkTls } from './check-tls.ts';
import { certificatesIn } from './pem.ts';
import type { TlsContents, TlsFiles } from './tls-files.ts';

/** Throws CONFIG_UNREADABLE, or TLS_INVALID for files that cannot be used: the message names option, file and mistake. */
export async function readTls(files: TlsFiles): Promise<TlsContents> {
  const [key, cert, ca, dhparam] = await Promise.all([
    read(files.key, `--${files.options}-key`),
    read(files.cert, `--${files.options}-cert`),
    read(files.ca, `--${files.options}-ca`),
    read(files.listener?.dhparam, `--${files.options}-dhparam`),
  ]);
  const contents = { key, cert, ca: ca === undefined ? undefined : certificatesIn(ca), dhparam };
  checkTls(files, contents, ca);
  return contents;
}

async function read(file: string | undefined, option: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    const reason = errorText(error);
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot read ${file} of ${option}: ${reason}`, {
      cause: error,
    });
  }
}
