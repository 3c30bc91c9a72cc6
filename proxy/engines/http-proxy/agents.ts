// Agents that drop an idle connection as soon as its upstream says something: node:http's own leave those
// bytes in the socket, where they become the answer to the next request.
// Not here: what is asked over them (engine.ts).
import { Agent, type ClientRequest } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

export class GuardedAgent extends Agent {
  override keepSocketAlive(socket: Duplex): boolean {
    const kept = Boolean(super.keepSocketAlive(socket));
    if (kept) guard(socket);
    return kept;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    unguard(socket);
    super.reuseSocket(socket, request);
  }
}

export class GuardedTlsAgent extends TlsAgent {
  override keepSocketAlive(socket: Duplex): boolean {
    const kept = Boolean(super.keepSocketAlive(socket));
    if (kept) guard(socket);
    return kept;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    unguard(socket);
    super.reuseSocket(socket, request);
  }
}

function guard(socket: Duplex): void {
  socket.on('data', drop);
  socket.resume();
}

function unguard(socket: Duplex): void {
  socket.off('data', drop);
}

function drop(this: Duplex): void {
  this.destroy();
}
