// Serves pipelined requests of one connection one after the other, as RFC 9112 section 9.3.2 requires for all but
// safe methods. So they reach a target in order, and a client cannot make the proxy open one upstream connection for
// each of them.
// Not here: serving a request (requests.ts, upgrades.ts), refusing one (front/bad-requests.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The current request of a connection, and the queue behind it. */
interface ConnectionQueue {
  req: IncomingMessage;
  res: ServerResponse;
  readonly waiting: (() => void)[];
  /** Destroys the connection when it fires; undefined while the socket is being read. */
  held: NodeJS.Timeout | undefined;
}

export interface PipelineQueue {
  /** Calls `serve` when all earlier requests of the connection have their responses, usually at once. */
  serve(req: IncomingMessage, res: ServerResponse, serve: () => void): void;
  /** The same for something after which no further request follows. */
  after(socket: Socket, then: () => void): void;
  /** The same for a socket that node:http has detached: reads and errors are handled here until `then` is called. */
  takeOver(socket: Socket, then: () => void): void;
  /** The request whose response is in progress. */
  current(socket: Socket): Pick<ConnectionQueue, 'req' | 'res'> | undefined;
}

export function createPipelineQueue(): PipelineQueue {
  const queues = new WeakMap<Socket, ConnectionQueue>();
  const begin = (socket: Socket, queue: ConnectionQueue): void => {
    queues.set(socket, queue);
    queue.res.once('close', () => next(socket, queue));
  };
  const next = (socket: Socket, queue: ConnectionQueue): void => {
    queues.delete(socket);
    const first = queue.waiting.shift();
    if (queue.waiting.length < maxWaiting / 2) release(socket, queue);
    else queue.held?.refresh();
    // After the last response of a connection (Connection: close) nothing more is served.
    if (first !== undefined && socket.writable) first();
  };
  return {
    serve: (req, res, serve) => {
      const { socket } = req;
      const queue = queues.get(socket);
      if (queue === undefined) {
        begin(socket, { req, res, waiting: [], held: undefined });
        serve();
        return;
      }
      queue.waiting.push(() => {
        Object.assign(queue, { req, res });
        begin(socket, queue);
        serve();
      });
      if (queue.waiting.length >= maxWaiting && queue.held === undefined) hold(socket, queue);
    },
    after: (socket, then) => {
      const queue = queues.get(socket);
      if (queue === undefined) then();
      else queue.waiting.push(then);
    },
    takeOver: (socket, then) => {
      const queue = queues.get(socket);
      if (queue === undefined) then();
      else takeOver(socket, queue, then);
    },
    current: (socket) => queues.get(socket),
  };
}

function takeOver(socket: Socket, queue: ConnectionQueue, then: () => void): void {
  const early: Buffer[] = [];
  let size = 0;
  // A close is noticed only on a socket that is being read.
  const keep = (chunk: Buffer): void => {
    early.push(chunk);
    size += chunk.length;
    if (size > maxEarly) socket.destroy();
  };
  const gone = (): void => {
    socket.destroy();
  };
  const drained = (): void => {
    queue.res.emit('drain');
  };
  socket.on('data', keep).on('end', gone).on('drain', drained);
  queue.waiting.push(() => {
    socket.off('data', keep).off('end', gone).off('drain', drained).pause();
    if (size > 0) socket.unshift(Buffer.concat(early));
    then();
  });
}

/** Queued requests at which a connection is no longer read. */
const maxWaiting = 256;

/** Milliseconds that a connection may stay paused without a completed response: its client may have left. */
const maxHeld = 20_000;

/** Bytes that are buffered behind a queued upgrade. */
const maxEarly = 64 * 1024;

function hold(socket: Socket, queue: ConnectionQueue): void {
  queue.held = setTimeout(() => socket.destroy(), maxHeld);
  socket.once('close', () => clearTimeout(queue.held));
  socket.pause();
  socket.on('resume', holdAgain);
}

function release(socket: Socket, queue: ConnectionQueue): void {
  if (queue.held === undefined) return;
  clearTimeout(queue.held);
  queue.held = undefined;
  socket.off('resume', holdAgain);
  socket.resume();
}

/** node:http resumes the socket after every request. */
function holdAgain(this: Socket): void {
  this.pause();
}
