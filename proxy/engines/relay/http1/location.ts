// --auto-rewrite and --protocol-rewrite: rewrites redirects of an upstream to itself to the address that the client
// used.
// Not here: other fields (response-fields.ts).
import type { IncomingMessage } from 'node:http';
import type { Target } from '../../../http/target.ts';
import type { EngineOptions } from '../../engine.ts';

/** Changes the Location among `fields` (name, value, ...) in place. */
export function rewriteLocation(
  fields: string[],
  status: number,
  req: IncomingMessage,
  target: Target,
  options: Pick<EngineOptions, 'autoRewrite' | 'protocolRewrite'>,
): void {
  if (!redirects.has(status)) return;
  for (let at = 0; at < fields.length; at += 2) {
    if ((fields[at] ?? '').toLowerCase() !== 'location') continue;
    const value = fields[at + 1] ?? '';
    if (!URL.canParse(value)) continue;
    const location = new URL(value);
    if (location.host !== target.host) continue;
    if (options.autoRewrite && req.headers.host !== undefined) {
      // A host without a port would leave the target's in place.
      location.port = '';
      location.host = req.headers.host;
    }
    if (options.protocolRewrite !== undefined) location.protocol = options.protocolRewrite;
    fields[at + 1] = location.href;
  }
}

const redirects = new Set([201, 301, 302, 307, 308]);
