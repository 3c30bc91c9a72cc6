// A start request as a digest: tells whether a repeated start asks for the same, and gives nothing away.
// Not here: the comparison (servers/servers.ts).
import { createHash } from 'node:crypto';
import type { StartRequest } from './start-request.ts';

/** The same for the same request, in whatever order its keys were written. */
export function requestDigest(request: StartRequest): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/** Requests are shallow by their schema, so the recursion is. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]);
}
