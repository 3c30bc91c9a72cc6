// Reads the body of a request or response from an untrusted peer, up to a limit. Not here: parsing it.
import type { IncomingMessage } from 'node:http';

/**
 * The whole body, or null as soon as it is longer than `limit` bytes; the rest is then discarded, so that a response
 * can still be sent. Rejects when the peer closes the connection early.
 */
export function readBody(message: IncomingMessage, limit: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        chunks = [];
        resolve(null);
      }
    });
    message.once('end', () => resolve(Buffer.concat(chunks)));
    message.once('error', reject);
  });
}
