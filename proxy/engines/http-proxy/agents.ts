// Agents that drop an idle connection as soon as its upstream says something: node:http's own leave those
// bytes in the socket, where they become the answer to the next request.
// Not here: what is asked over them (engine.ts).
import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';

/** Makes `agent`, of http or https, one of them: by the two methods that node:http lets an agent have of its own. */
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
