// What is said about a server that fails or ends, and where it is. Not here: when (server.ts).
import { PortwrapError } from '../config/errors.ts';
import type { SandboxExit } from '../portwrap/index.ts';

export function urlOf(host: string, port: number): string {
  return `http://${host}:${port}`;
}

export function cancelled(): PortwrapError {
  return new PortwrapError('SPAWN_CANCELLED', 'the server was stopped');
}

/** Is that an end that somebody wanted? Then its log has nothing to say about it. */
export function isDeliberate(code: string): boolean {
  return ['SPAWN_CANCELLED', 'IDLE_CULLED', 'MAX_AGE_REACHED', 'HUB_FORGOT', 'SERVER_STOPPED'].includes(code);
}

export function notReady(seconds: number): PortwrapError {
  return new PortwrapError('SERVER_NOT_READY', `the server did not answer within ${seconds} s`);
}

export function describeExit({ code, signal, outOfMemory }: SandboxExit): string {
  if (outOfMemory) return 'out of memory: the kernel killed a process of it';
  if (signal !== null) return `signal ${signal}`;
  return code === null ? 'exit code unknown' : `exit code ${code}`;
}
