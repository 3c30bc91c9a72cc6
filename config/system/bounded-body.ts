// The body of a request or response from somebody who is not trusted, up to a limit. Not here: what it means.
import type { IncomingMessage } from 'node:http';

/**
 * The whole body, or null as soon as it is longer than `limit` bytes: what comes then is dropped, so that an answer can
 * still be sent. Rejects when the other side goes away.
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
