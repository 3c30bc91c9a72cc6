// The files of --ssl-*, --api-ssl-* and --client-ssl-*, their contents, and options of node:tls made of them.
// Not here: reading the files (read-tls.ts), finding mistakes (check-tls.ts), renewing them (certificates.ts).
import type { ServerOptions } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';

export interface TlsFiles {
  /** The common part of the options' names, such as `api-ssl` for `--api-ssl-key`. */
  readonly options: string;
  readonly key: string | undefined;
  readonly cert: string | undefined;
  readonly ca: string | undefined;
  /** Not for connections to targets. */
  readonly listener?: ListenerTls;
}

export interface ListenerTls {
  readonly passphrase: string | undefined;
  /** The environment variable of the passphrase. */
  readonly passphraseVariable: string;
  readonly requestCert: boolean;
  readonly protocol?: string | undefined;
  readonly ciphers?: string | undefined;
  readonly dhparam?: string | undefined;
}

/** What the files hold: PEM text, which can be sent to a worker. */
export interface TlsContents {
  readonly key: string | undefined;
  readonly cert: string | undefined;
  /** One text for each certificate: node:tls uses only the first one of a text. */
  readonly ca: readonly string[] | undefined;
  readonly dhparam: string | undefined;
}

/** For a new server, and for setSecureContext() of one that listens. */
export function listenerOptions(files: TlsFiles, { key, cert, ca, dhparam }: TlsContents): ServerOptions {
  const { passphrase, requestCert, protocol, ciphers } = files.listener ?? {};
  return {
    ...(key === undefined ? {} : { key }),
    ...(cert === undefined ? {} : { cert }),
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(dhparam === undefined ? {} : { dhparam }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(protocol === undefined ? {} : { secureProtocol: `${protocol}_method` }),
    ...(ciphers === undefined ? {} : { ciphers }),
    honorCipherOrder: true,
    requestCert: requestCert ?? false,
    // As in configurable-http-proxy, a requested certificate must also be valid.
    rejectUnauthorized: true,
  };
}

/** For connections to targets. */
export function upstreamContext({ key, cert, ca }: TlsContents): SecureContext {
  return createSecureContext({
    ...(key === undefined ? {} : { key }),
    ...(cert === undefined ? {} : { cert }),
    ...(ca === undefined ? {} : { ca: [...ca] }),
  });
}
