// Joins a browser and a program inside a server that have both agreed to a WebSocket.
// Not here: who may open one (gateway.ts), header fields (to-browser.ts).
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';

export interface Ends {
  readonly browser: Socket;
  readonly program: Duplex;
  /** What came from the browser after its request, and from the program after its answer. */
  readonly head: Buffer;
  readonly rested: Buffer;
}

/** Tells the browser so, with `fields`. `used`: at each message of the browser, which pings are not. */
export function openWebSocket(
  response: ServerResponse,
  fields: readonly string[],
  ends: Ends,
  used: () => void,
): void {
  open101(response, ends.browser, fields);
  join(ends, used);
}

/** Takes the socket from the response, which wrote nothing. */
function open101(response: ServerResponse, socket: Socket, fields: readonly string[]): void {
  response.detachSocket(socket);
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
  for (let index = 0; index < fields.length; index += 2) lines.push(`${fields[index]}: ${fields[index + 1]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function join({ browser, program, head, rested }: Ends, used: () => void): void {
  if (rested.length > 0) browser.write(rested);
  if (head.length > 0) program.write(head);
  browser.on('data', (chunk: Buffer) => {
    if (!isControl(chunk)) used();
  });
  pipeline(browser, program, () => browser.destroy());
  pipeline(program, browser, () => program.destroy());
}

/** Whether it begins with a control frame (RFC 6455, 5.5): browsers respond to pings by themselves. */
function isControl(chunk: Buffer): boolean {
  return ((chunk[0] ?? 0) & 0x08) !== 0;
}
