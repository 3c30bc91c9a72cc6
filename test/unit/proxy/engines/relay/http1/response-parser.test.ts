import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResponseHead } from '../../../../../../proxy/engines/relay/http1/response-head.ts';
import { ResponseParser } from '../../../../../../proxy/engines/relay/http1/response-parser.ts';

interface Read {
  status: number | undefined;
  reason: string | undefined;
  fields: string[] | undefined;
  body: string;
  trailers: string[];
  /** Whole, or cut or refused. */
  complete: boolean;
}

/** Reads `pieces` as one connection that then ends. */
function read(pieces: readonly Buffer[], method = 'GET'): Read {
  const got: Read = {
    status: undefined,
    reason: undefined,
    fields: undefined,
    body: '',
    trailers: [],
    complete: false,
  };
  const parser = new ResponseParser(
    {
      onInformation: () => undefined,
      onHead: (head: ResponseHead) => {
        got.status = head.status;
        got.reason = head.reason;
        got.fields = head.fields;
      },
      onBody: (chunk) => {
        got.body += chunk.toString('latin1');
      },
      onComplete: (last, trailers) => {
        got.body += last?.toString('latin1') ?? '';
        got.trailers = trailers;
        got.complete = true;
      },
    },
    method,
  );
  try {
    for (const piece of pieces) parser.execute(piece);
    parser.finish();
  } catch {
    got.complete = false;
  }
  return got;
}

function cutInto(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, [...at, bytes.length][index]));
}

const answers = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x="y"\r\n0123456789\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.0 200 OK\r\nX: \xe9\xa0\r\n\r\nuntil the end',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
];

test.each(answers)('%j is read alike however it is cut into packets', (answer) => {
  const bytes = Buffer.from(answer, 'latin1');
  const whole = read([bytes]);
  expect(whole.complete).toBe(true);
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 8 }), (cuts) => {
      expect(read(cutInto(bytes, cuts))).toEqual(whole);
    }),
  );
  expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
});

test('no answer that is cut is complete, unless its end is the end of the connection', () => {
  for (const answer of answers.filter((text) => !text.startsWith('HTTP/1.0'))) {
    const bytes = Buffer.from(answer, 'latin1');
    for (let length = 0; length < bytes.length; length++) {
      expect(read([bytes.subarray(0, length)]).complete).toBe(false);
    }
  }
});

test('any bytes at all are either an answer or an error, never anything else', () => {
  const noise = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom(...answers));
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 4 }), fc.array(fc.nat(500), { maxLength: 5 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(''), 'latin1');
      expect(typeof read(cutInto(bytes, cuts)).complete).toBe('boolean');
    }),
    { numRuns: 500 },
  );
});

describe("compared with node:http's own client", () => {
  // Where both accept, they must agree on every part; and what node:http refuses, we must refuse. That we
  // refuse more (obsolete folding, for one) is on our side of safe.
  test('no answer is read in another way, and none is accepted that it refuses', async () => {
    const piece = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.0 200 OK\r\n',
      'HTTP/1.1 404\r\n',
      'HTTP/1.1 204 No\r\n',
      'HTTP/2.0 200 OK\r\n',
      'HTTP/1.1 20 OK\r\n',
      'Content-Length: 5\r\n',
      'Content-Length: 0\r\n',
      'Content-Length: 5, 5\r\n',
      'content-length:5\r\n',
      'Content-Length: -1\r\n',
      'Content-Length : 5\r\n',
      'Content-Length: +5\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Transfer-Encoding: CHUNKED\r\n',
      'Transfer-Encoding: gzip\r\n',
      'Connection: close\r\n',
      'X: a\r\n',
      'X:\tb \r\n',
      ' folded\r\n',
      'X: \x01\r\n',
      'X: a\nY: b\r\n',
      'X: a\rY\r\n',
      'X\r\n',
      ': x\r\n',
      'X\xe9: x\r\n',
      'X: \xe9\r\n',
      '\r\n',
      '\n',
      'hello',
      '5\r\nhello\r\n',
      '0\r\n\r\n',
      '0\r\nT: 1\r\n\r\n',
      '5;a=b\r\nhello\r\n',
      ' 5\r\nhello\r\n',
      '0x5\r\nhello\r\n',
      '5\nhello\r\n',
      '5\r\nhello',
      '-1\r\n',
      'fffffffff\r\n',
    );
    const shaped = fc
      .tuple(
        fc.constantFrom('HTTP/1.1 200 OK\r\n', 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 204 No\r\n'),
        fc.array(piece, { maxLength: 4 }),
        fc.array(piece, { maxLength: 4 }),
      )
      .map(([status, head, body]) => `${status}${head.join('')}\r\n${body.join('')}`);
    let answer = '';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.from(answer, 'latin1')));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let compared = 0;
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            shaped,
            fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
          ),
          async (bytes) => {
            answer = bytes;
            const theirs = await readByNode(port);
            const ours = read([Buffer.from(bytes, 'latin1')]);
            if (!ours.complete) return;
            compared++;
            expect({ bytes, ...ours }).toEqual({ bytes, ...theirs });
          },
        ),
        { numRuns: 3000 },
      );
    } finally {
      server.close();
    }
    expect(compared).toBeGreaterThan(300);
  });
});

async function readByNode(port: number): Promise<Read> {
  const got: Read = {
    status: undefined,
    reason: undefined,
    fields: undefined,
    body: '',
    trailers: [],
    complete: false,
  };
  const asked = request({ port, host: '127.0.0.1', agent: false });
  // After a complete answer node:http complains about what follows; that is not part of the comparison.
  asked.on('error', () => undefined);
  asked.end();
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    got.status = answer.statusCode;
    got.reason = answer.statusMessage;
    got.fields = answer.rawHeaders;
    answer.setEncoding('latin1');
    for await (const chunk of answer) got.body += chunk;
    got.trailers = answer.rawTrailers;
    got.complete = answer.complete;
  } catch {
    got.complete = false;
  }
  return got;
}
