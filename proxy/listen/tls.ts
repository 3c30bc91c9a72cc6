// Reads the files of --ssl-*, --api-ssl-* and --client-ssl-* into options of node:tls.
// Not here: verifying certificates (node:tls, with options of engines/relay/pool/dial.ts and the listeners).
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import { PortwrapError } from '../../config/errors.ts';
import type { UpstreamTls } from '../engines/engine.ts';

export interface TlsFiles {
  readonly key: string | undefined;
  readonly cert: string | undefined;
  readonly ca: string | undefined;
  readonly passphrase?: string | undefined;
  readonly requestCert?: boolean;
  readonly protocol?: string | undefined;
  readonly ciphers?: string | undefined;
  readonly dhparam?: string | undefined;
}

export async function listenerTls(files: TlsFiles | undefined): Promise<ServerOptions | undefined> {
  if (files === undefined) return undefined;
  return {
    ...(await keyPair(files)),
    passphrase: files.passphrase,
    requestCert: files.requestCert ?? false,
    // As in configurable-http-proxy, a requested certificate must also be valid.
    rejectUnauthorized: true,
    honorCipherOrder: true,
    ...(files.protocol === undefined ? {} : { secureProtocol: `${files.protocol}_method` }),
    ...(files.ciphers === undefined ? {} : { ciphers: files.ciphers }),
    ...(files.dhparam === undefined ? {} : { dhparam: await read(files.dhparam) }),
  };
}

export async function upstreamTls(files: TlsFiles | undefined, insecure: boolean): Promise<UpstreamTls> {
  if (files === undefined) return { rejectUnauthorized: !insecure };
  return { ...(await keyPair(files)), rejectUnauthorized: !insecure };
}

async function keyPair(files: TlsFiles) {
  return {
    ...(files.key === undefined ? {} : { key: await read(files.key) }),
    ...(files.cert === undefined ? {} : { cert: await read(files.cert) }),
    ...(files.ca === undefined ? {} : { ca: certificates((await read(files.ca)).toString('latin1')) }),
  };
}

/** A bundle may contain several certificates; node:tls takes them as a list. */
function certificates(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [bundle];
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PortwrapError('CONFIG_UNREADABLE', `cannot read ${file}: ${reason}`, { cause: error });
  }
}
