// Requests that a client sends on one connection without waiting for answers: they are served one after the
// other, as RFC 9112 section 9.3.2 has it for all but safe methods. So they reach a target in their order, and
// one client cannot open a connection to a target for each.
// Not here: what is done when it is their turn (requests.ts, upgrades.ts, front/bad-requests.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The request that is being answered, and what comes after it. */
interface Line {
  req: IncomingMessage;
  res: ServerResponse;
  readonly waiting: (() => void)[];
  /** Ends the connection; undefined while it is read. */
  held: NodeJS.Timeout | undefined;
}

export interface Turns {
  /** Calls `serve` when all earlier requests of the connection are answered, mostly at once. */
  serve(req: IncomingMessage, res: ServerResponse, serve: () => void): void;
  /** The same for something that ends the series of requests. */
  after(socket: Socket, then: () => void): void;
  /** The same where node:http has let go of the socket: until it is its turn, it is looked after here. */
  takeOver(socket: Socket, then: () => void): void;
  /** The request that is being answered. */
  current(socket: Socket): Pick<Line, 'req' | 'res'> | undefined;
}

export function createTurns(): Turns {
  const lines = new WeakMap<Socket, Line>();
  const begin = (socket: Socket, line: Line): void => {
    lines.set(socket, line);
    line.res.once('close', () => next(socket, line));
  };
  const next = (socket: Socket, line: Line): void => {
    lines.delete(socket);
    const first = line.waiting.shift();
    if (line.waiting.length < maxWaiting / 2) release(socket, line);
    else line.held?.refresh();
    // After an answer that was the last of its connection nothing is served any more.
    if (first !== undefined && socket.writable) first();
  };
  return {
    serve: (req, res, serve) => {
      const { socket } = req;
      const line = lines.get(socket);
      if (line === undefined) {
        begin(socket, { req, res, waiting: [], held: undefined });
        serve();
        return;
      }
      line.waiting.push(() => {
        Object.assign(line, { req, res });
        begin(socket, line);
        serve();
      });
      if (line.waiting.length >= maxWaiting && line.held === undefined) hold(socket, line);
    },
    after: (socket, then) => {
      const line = lines.get(socket);
      if (line === undefined) then();
      else line.waiting.push(then);
    },
    takeOver: (socket, then) => {
      const line = lines.get(socket);
      if (line === undefined) then();
      else takeOver(socket, line, then);
    },
    current: (socket) => lines.get(socket),
  };
}

function takeOver(socket: Socket, line: Line, then: () => void): void {
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
    line.res.emit('drain');
  };
  socket.on('data', keep).on('end', gone).on('drain', drained);
  line.waiting.push(() => {
    socket.off('data', keep).off('end', gone).off('drain', drained).pause();
    if (size > 0) socket.unshift(Buffer.concat(early));
    then();
  });
}

/** Requests that wait on one connection before it is read no further. */
const maxWaiting = 256;

/** Milliseconds that it may not be read while nothing is answered: its client may have left. */
const maxHeld = 20_000;

/** Bytes that are kept of what follows something that waits for its turn. */
const maxEarly = 64 * 1024;

function hold(socket: Socket, line: Line): void {
  line.held = setTimeout(() => socket.destroy(), maxHeld);
  socket.once('close', () => clearTimeout(line.held));
  socket.pause();
  socket.on('resume', holdAgain);
}

function release(socket: Socket, line: Line): void {
  if (line.held === undefined) return;
  clearTimeout(line.held);
  line.held = undefined;
  socket.off('resume', holdAgain);
  socket.resume();
}

/** node:http reads on after every request. */
function holdAgain(this: Socket): void {
  this.pause();
}
