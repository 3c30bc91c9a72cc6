// What is said about a server that fails or ends, and where it is. Not here: when (server.ts).
import { PortwrapError } from '../../config/errors.ts';
import type { SandboxExit } from '../../portwrap/index.ts';
import type { ServerRecord } from '../records/record.ts';

/** Where a server is reachable, by the address of its forward. */
export function urlOf(
  { certificate }: Pick<ServerRecord, 'certificate'>,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  return `${certificate === null ? 'http' : 'https'}://${host}:${port}`;
}

/** Why a server ends that its hub, or the end of the service, stops. `wasReady`: otherwise its start is cut off. */
export function stopped({ wasReady }: { readonly wasReady: boolean }): PortwrapError {
  return new PortwrapError(wasReady ? 'SERVER_STOPPED' : 'SPAWN_CANCELLED', 'the server was stopped');
}

/** `cause`: what is seen inside, as a sentence. */
export function notReady(
  { certificate }: Pick<ServerRecord, 'certificate'>,
  seconds: number,
  cause: string | null = null,
): PortwrapError {
  const why = cause === null ? '' : `: ${cause}`;
  if (certificate === null)
    return new PortwrapError('SERVER_NOT_READY', `the server did not answer within ${seconds} s${why}`);
  return new PortwrapError(
    'SERVER_NOT_READY',
    `the server did not answer with its certificate, over TLS, within ${seconds} s${why}`,
    {
      hint: 'Its hub has "internal_ssl": the command must speak TLS 1.3 with the files that JUPYTERHUB_SSL_KEYFILE and JUPYTERHUB_SSL_CERTFILE name.',
    },
  );
}

/** How it ended of itself, as a sentence: the only wording of it, for hubs, the page, commands and messages. */
export function describeExit({ code, signal, outOfMemory }: SandboxExit): string {
  if (outOfMemory) return 'it ran out of memory, and the kernel ended it';
  if (signal !== null) return `it was ended by ${signal}`;
  if (code === null) return 'it ended, and its exit code is unknown';
  return code === 0 ? 'it ended by itself' : `it ended with exit code ${code}`;
}
