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

export function cancelled(): PortwrapError {
  return new PortwrapError('SPAWN_CANCELLED', 'the server was stopped');
}

/** Is that an end that somebody wanted? Then its log has nothing to say about it. */
export function isDeliberate(code: string): boolean {
  return ['SPAWN_CANCELLED', 'IDLE_CULLED', 'MAX_AGE_REACHED', 'HUB_FORGOT', 'SERVER_STOPPED'].includes(code);
}

export function notReady({ certificate }: Pick<ServerRecord, 'certificate'>, seconds: number): PortwrapError {
  if (certificate === null)
    return new PortwrapError('SERVER_NOT_READY', `the server did not answer within ${seconds} s`);
  return new PortwrapError(
    'SERVER_NOT_READY',
    `the server did not answer with its certificate, over TLS, within ${seconds} s`,
    {
      hint: 'Its hub has "internal_ssl": the command must speak TLS 1.3 with the files that JUPYTERHUB_SSL_KEYFILE and JUPYTERHUB_SSL_CERTFILE name.',
    },
  );
}

export function describeExit({ code, signal, outOfMemory }: SandboxExit): string {
  if (outOfMemory) return 'out of memory: the kernel killed a process of it';
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'exit code unknown' : `exit code ${code}`;
}
