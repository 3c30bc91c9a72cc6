// Agents that destroy an idle connection when its upstream sends data: node:http's own agents leave those bytes in the
// socket, where they become the response to the next request.
// Not here: the requests (engine.ts).
import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';

/** Adds this to `agent`, of http or https, by overriding the two methods that node:http documents for this. */
export function guarded<Kind extends Agent>(agent: Kind): Kind {
  const keep = agent.keepSocketAlive.bind(agent);
  const reuse = agent.reuseSocket.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const kept = Boolean(keep(socket));
    if (kept) guard(socket);
    return kept;
  };
  agent.reuseSocket = (socket, request) => {
    unguard(socket);
    reuse(socket, request);
  };
  return agent;
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
