// The states of a server, and which may follow which. Not here: what happens in them (servers/server.ts).
import { z } from 'zod';

export const serverState = z.enum(['starting', 'ready', 'stopping', 'exited']);
export type ServerState = z.infer<typeof serverState>;

/** A server that was stopped, or failed, before anything of it existed goes from starting to exited. */
export const transitions: Readonly<Record<ServerState, readonly ServerState[]>> = {
  starting: ['ready', 'stopping', 'exited'],
  ready: ['stopping', 'exited'],
  stopping: ['exited'],
  exited: [],
};

/** `to`, if it may follow `from` or is the same. Anything else is a defect of ours and throws. */
export function follow(from: ServerState, to: ServerState): ServerState {
  if (from === to || transitions[from].includes(to)) return to;
  throw new Error(`a server cannot go from ${from} to ${to}`);
}

/** Does it hold a port, a place in the limits, processes? */
export function isAlive(state: ServerState): boolean {
  return state !== 'exited';
}
