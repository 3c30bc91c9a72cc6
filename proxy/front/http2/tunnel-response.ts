// The response to an extended CONNECT: reads the HTTP/1.1 response to its upgrade, as engine and front write it, and sends
// it over HTTP/2. 101 becomes 200; a refusal keeps its status.
// Not here: the bytes after it (tunnel-socket.ts), which fields are sent (response-fields.ts).
import { createHash } from 'node:crypto';
import type { ServerHttp2Stream } from 'node:http2';
import { errorText } from '../../../config/system/error-text.ts';
import type { ResponseHead } from '../../engines/relay/http1/response-head.ts';
import { ResponseParser, type ResponseSink } from '../../engines/relay/http1/response-parser.ts';
import { responseFields } from './response-fields.ts';
import { cancel, stopSending } from './stop-sending.ts';

export interface TunnelEvents {
  /** The client has got 200. */
  onOpen(): void;
  /** The client has got 502: its WebSocket would not be one. */
  onUnsendable(reason: string): void;
}

export class TunnelResponse implements ResponseSink {
  readonly #stream: ServerHttp2Stream;
  readonly #accept: string;
  readonly #events: TunnelEvents;
  readonly #parser = new ResponseParser(this, 'GET', true);
  #body: Buffer[] = [];
  #state: 'pending' | 'open' | 'refused' | 'unsendable' = 'pending';

  /** `key` is the Sec-WebSocket-Key that the target got. */
  constructor(stream: ServerHttp2Stream, key: string, events: TunnelEvents) {
    this.#stream = stream;
    this.#accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The client has got 502: what else is written is dropped. */
  get isUnsendable(): boolean {
    return this.#state === 'unsendable';
  }

  /** The socket may end now. */
  get isComplete(): boolean {
    return this.isUnsendable || this.#parser.complete;
  }

  /** Takes the next bytes of the HTTP/1.1 response; returns those that are for the stream. */
  read(chunk: Buffer): Buffer {
    if (this.isUnsendable) return nothing;
    this.#body = [];
    try {
      this.#parser.execute(chunk);
    } catch (error) {
      this.#refuse(errorText(error));
    }
    if (this.isOpen && this.#parser.leftover !== undefined) return this.#parser.leftover;
    return Buffer.concat(this.#body);
  }

  onInformation(): void {}

  onHead({ status, fields }: ResponseHead): void {
    if (status === 101 && valueOfField(fields, 'sec-websocket-accept') !== this.#accept) {
      this.#refuse('a Sec-WebSocket-Accept that does not belong to the key');
    } else if (status >= 200 && status < 300) {
      // over HTTP/2 each of these would open the WebSocket (RFC 8441, section 5)
      this.#refuse(`${status} in place of 101`);
    } else {
      this.#respond(status, fieldsOfResponse(fields));
    }
  }

  onBody(chunk: Buffer): void {
    if (this.#state === 'refused') this.#body.push(Buffer.from(chunk));
  }

  onComplete(last: Buffer | undefined): void {
    if (last !== undefined) this.onBody(last);
  }

  #respond(status: number, list: readonly string[]): void {
    if (this.#stream.destroyed || this.#stream.closed) return;
    const isOpening = status === 101;
    try {
      this.#stream.respond(responseFields(isOpening ? 200 : status, list));
    } catch (error) {
      this.#refuse(errorText(error));
      return;
    }
    this.#state = isOpening ? 'open' : 'refused';
    if (isOpening) this.#events.onOpen();
  }

  #refuse(reason: string): void {
    this.#state = 'unsendable';
    this.#events.onUnsendable(reason);
    if (this.#stream.destroyed || this.#stream.closed) return;
    if (this.#stream.headersSent) {
      cancel(this.#stream);
      return;
    }
    this.#stream.respond({ ':status': 502 }, { endStream: true });
    stopSending(this.#stream);
  }
}

/** Without those that the handshake of HTTP/1.1 needs. */
function fieldsOfResponse(fields: readonly string[]): string[] {
  const list: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    if (!ofHandshake.has(name.toLowerCase())) list.push(name, fields[at + 1] ?? '');
  }
  return list;
}

function valueOfField(fields: readonly string[], name: string): string | undefined {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field.toLowerCase() === name);
  return at < 0 ? undefined : fields[at + 1];
}

const nothing = Buffer.alloc(0);

/** RFC 6455, section 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Content-Length: no response that opens a WebSocket has a body, and HTTP/2 would count the WebSocket's bytes. */
const ofHandshake = new Set(['sec-websocket-accept', 'content-length']);
