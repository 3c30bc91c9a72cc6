// Asks the program behind a port what it speaks: waits whether it speaks first, then sends one GET request for its page.
// No credential is sent, nothing beyond the port is followed, and little is read. Not here: when (questions.ts).
import { once } from 'node:events';
import { type IncomingMessage, request as requestOf } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { titleOf } from './title.ts';

/** What a program speaks; silent: it said nothing in time. */
export type Spoken = 'http' | 'zeromq' | 'debugger' | 'other' | 'silent';

export interface Heard {
  readonly spoken: Spoken;
  /** Of an HTTP response. */
  readonly status: number | null;
  /** Of the page that it shows; null: it has none. */
  readonly title: string | null;
}

export interface AskTimes {
  /** Milliseconds that a program has to speak first, as those do that do not expect HTTP. */
  readonly first: number;
  /** Milliseconds for the response to one request. */
  readonly all: number;
}

const usual: AskTimes = { first: 300, all: 3_000 };

/** `connect` makes a connection to the port. Rejects only if it does. */
export async function askProgram(
  connect: () => Promise<Socket>,
  port: number,
  times: AskTimes = usual,
): Promise<Heard> {
  let path = '/';
  for (let hops = 0; ; hops += 1) {
    const socket = await connect();
    socket.on('error', () => {}); // it closes after that
    const signal = AbortSignal.timeout(times.all); // the making of a connection is no delay of the program
    try {
      const heard = await askOnce(socket, { port, path, first: times.first, signal });
      const next = heard.spoken === 'http' && hops < mostHops ? heard.next : null;
      if (next === null) return { spoken: heard.spoken, status: heard.status, title: heard.title };
      path = next;
    } finally {
      socket.destroy();
    }
  }
}

/** Redirects of a program to a page of its own that are followed. */
const mostHops = 2;
/** Bytes of a page in which its title is looked for. */
const mostBytes = 65_536;

interface Question {
  readonly port: number;
  readonly path: string;
  readonly first: number;
  readonly signal: AbortSignal;
}

interface Answer extends Heard {
  /** Where the same program shows its page; null: here. */
  readonly next: string | null;
}

async function askOnce(socket: Socket, question: Question): Promise<Answer> {
  const greeting = await greetingOf(socket, question.first);
  if (greeting !== null) return not(spokenBy(greeting));
  try {
    const response = await get(socket, question);
    const next = ownPath(response, question.port);
    const isPage = /\bhtml\b/i.test(response.headers['content-type'] ?? '');
    const text = isPage || response.statusCode === 400 ? await beginningOf(response) : '';
    if (response.statusCode === 400 && text.startsWith('WebSockets request was expected'))
      return not('debugger');
    const status = response.statusCode ?? null;
    return { spoken: 'http', status, title: isPage ? titleOf(text) : null, next };
  } catch {
    return not(question.signal.aborted ? 'silent' : 'other');
  }
}

function not(spoken: Spoken): Answer {
  return { spoken, status: null, title: null, next: null };
}

/** What it says unasked, "" if it ends the connection; null: it waits for a request. */
async function greetingOf(socket: Socket, first: number): Promise<Buffer | null> {
  const over = new AbortController();
  const { signal } = over;
  const speaks = ['readable', 'end', 'close'].map((event) =>
    once(socket, event, { signal }).then(() => true),
  );
  try {
    // not AbortSignal.any() with a timeout: Node collects that timeout as garbage, and then it never comes
    if (!(await Promise.race([...speaks, pause(first, false, { signal })]))) return null;
  } finally {
    over.abort();
  }
  const said = socket.read() as Buffer | null;
  return said ?? Buffer.alloc(0);
}

/** ZeroMQ: https://rfc.zeromq.org/spec/23/, the greeting. debugpy: a header of the Debug Adapter Protocol. */
function spokenBy(greeting: Buffer): Spoken {
  if (greeting[0] === 0xff && greeting[9] === 0x7f) return 'zeromq';
  return greeting.subarray(0, 15).toString('latin1') === 'Content-Length:' ? 'debugger' : 'other';
}

async function get(socket: Socket, { port, path, signal }: Question): Promise<IncomingMessage> {
  const changed = new AbortController();
  const over = AbortSignal.any([signal, changed.signal]);
  const request = requestOf({
    createConnection: () => socket,
    ...{ method: 'GET', path, signal: over, setHost: false },
    headers: {
      host: `localhost:${port}`,
      accept: 'text/html',
      'accept-encoding': 'identity',
      'user-agent': 'portwrap-spawner',
      connection: 'close',
    },
  });
  const response = once(request, 'response', { signal: over });
  request.on('error', () => {}); // also after the response
  request.once('upgrade', () => changed.abort());
  request.end();
  const [message] = (await response) as [IncomingMessage];
  message.on('error', () => {}); // what has come by then is enough
  return message;
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (bytes >= mostBytes || Buffer.concat(parts).includes('</title')) break;
    }
  } catch {
    // it broke off, or was late
  }
  return Buffer.concat(parts).subarray(0, mostBytes).toString('utf8');
}

/** The path of a redirect to the same port; null: it is none, or leads elsewhere. */
function ownPath({ statusCode = 0, headers }: IncomingMessage, port: number): string | null {
  const { location = '' } = headers;
  const own = `http://localhost:${port}/`;
  const isRedirect = statusCode >= 300 && statusCode <= 399 && location !== '';
  if (!isRedirect || location.length > 2_000 || !URL.canParse(location, own)) return null;
  const { origin, pathname, search } = new URL(location, own);
  return origin === new URL(own).origin ? `${pathname}${search}` : null;
}
