// Requests that a client sends on one connection without waiting for answers: they are served one after the
// other, as RFC 9112 section 9.3.2 has it for all but safe methods. So they reach a target in their order, and
// one client cannot open a connection to a target for each.
// Not here: what is done when it is their turn (requests.ts, upgrades.ts, badRequests.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The request that is being answered, and what comes after it. */
interface Line {
  req: IncomingMessage;
  res: ServerResponse;
  readonly waiting: (() => void)[];
  held: boolean;
}

export class Turns {
  readonly #lines = new WeakMap<Socket, Line>();

  /** Calls `serve` when all earlier requests of the connection are answered, mostly at once. */
  serve(req: IncomingMessage, res: ServerResponse, serve: () => void): void {
    const { socket } = req;
    const line = this.#lines.get(socket);
    if (line === undefined) {
      this.#begin(socket, { req, res, waiting: [], held: false });
      serve();
      return;
    }
    line.waiting.push(() => {
      Object.assign(line, { req, res });
      this.#begin(socket, line);
      serve();
    });
    if (line.waiting.length >= maxWaiting && !line.held) hold(socket, line);
  }

  /** The same for something that ends the series of requests, and is answered on the socket itself. */
  after(socket: Socket, then: () => void): void {
    const line = this.#lines.get(socket);
    if (line === undefined) {
      then();
      return;
    }
    // node:http has let go of the socket, and tells its responses no longer when to write on.
    const drained = (): void => {
      line.res.emit('drain');
    };
    socket.on('drain', drained);
    line.waiting.push(() => {
      socket.off('drain', drained);
      then();
    });
  }

  /** The request that is being answered. */
  current(socket: Socket): Pick<Line, 'req' | 'res'> | undefined {
    return this.#lines.get(socket);
  }

  #begin(socket: Socket, line: Line): void {
    this.#lines.set(socket, line);
    line.res.once('close', () => this.#next(socket, line));
  }

  #next(socket: Socket, line: Line): void {
    this.#lines.delete(socket);
    const next = line.waiting.shift();
    if (line.held && line.waiting.length < maxWaiting / 2) release(socket, line);
    // After an answer that was the last of its connection nothing is served any more.
    if (next !== undefined && socket.writable) next();
  }
}

/** Requests that wait on one connection before it is read no further. */
const maxWaiting = 256;

function hold(socket: Socket, line: Line): void {
  line.held = true;
  socket.pause();
  socket.on('resume', holdAgain);
}

function release(socket: Socket, line: Line): void {
  line.held = false;
  socket.off('resume', holdAgain);
  socket.resume();
}

/** node:http reads on after every request. */
function holdAgain(this: Socket): void {
  this.pause();
}
