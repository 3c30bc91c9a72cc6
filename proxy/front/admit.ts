// Which requests are refused before anything is looked up: those that node:http lets through, but that
// another server could read as two requests, or as one for another host.
// Not here: what node:http's parser refuses itself.
import type { IncomingMessage } from 'node:http';

/** Why the request is refused with 400, or undefined if it is not. */
export function refusal(req: IncomingMessage): string | undefined {
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined) {
    if (req.httpVersionMinor === 0) return 'Transfer-Encoding in HTTP/1.0';
    if (coding.toLowerCase() !== 'chunked') return 'a transfer coding other than chunked';
  }
  return hosts(req.rawHeaders) > 1 ? 'more than one Host' : undefined;
}

function hosts(raw: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}
