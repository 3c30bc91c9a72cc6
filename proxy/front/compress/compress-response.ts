// Compresses responses on their way to a client (--compress), for both engines and both versions of HTTP: an engine
// writes to its ServerResponse as ever, and the head decides whether its body goes through an encoder.
// Not here: the decision (compressible.ts), the fields (encoded-fields.ts), the body (pump.ts).
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Logger } from '../../../config/logger.ts';
import { withoutQuery } from '../../telemetry/access-line.ts';
import { fieldList } from '../http2/response-fields.ts';
import { decide } from './compressible.ts';
import {
  editList,
  encodedEdits,
  type FieldEdits,
  fieldsByName,
  notModifiedEdits,
  varyEdits,
} from './encoded-fields.ts';
import { createEncoders, type Encoders } from './encoders.ts';
import { pump } from './pump.ts';
import { createRunAhead } from './run-ahead.ts';

/** To be called before anything of the response is written. `target` is where it comes from. */
export type CompressResponse = (req: IncomingMessage, res: ServerResponse, target: string) => void;

type Given = OutgoingHttpHeaders | OutgoingHttpHeader[];

export function responseCompression(log: Logger, encoders: Encoders = createEncoders()): CompressResponse {
  const runAhead = createRunAhead();
  return (req, res, target) => {
    const { method = '', httpVersionMinor, headers } = req;
    if (method !== 'GET' && method !== 'HEAD') return;
    const path = withoutQuery(req.url);
    const asked = { method, httpVersionMinor, path, headers };
    const cut = (reason: string): void => {
      log.error(`${method} ${path} cut: ${reason}`);
      res.destroy();
    };
    /** Returns the changes to the header section; a body that is compressed has its encoder then. */
    const decideHead = (status: number, list: readonly string[]): FieldEdits | undefined => {
      const fields = fieldsByName(list);
      const decision = decide(asked, status, fields, encoders.offered);
      if (decision === 'plain' || res.destroyed) return undefined;
      if (status === 304) return notModifiedEdits(fields, headers['if-none-match']);
      if (decision === 'vary') return varyEdits(fields);
      const field = fields.get('content-length');
      const length = field === undefined ? undefined : Number(field);
      const encoder = encoders.open({
        encoding: decision,
        length,
        target,
        onEvicted: () => cut('nothing of it moved for a minute, and other responses need its encoder'),
      });
      if (encoder === undefined) return varyEdits(fields);
      pump(res, encoder, runAhead.open(), length === undefined, cut);
      return encodedEdits(fields, decision);
    };
    const { writeHead } = res;
    const writeDecidedHead = (status: number, reason?: string | Given, given?: Given): ServerResponse => {
      res.writeHead = writeHead;
      const list = fieldList(typeof reason === 'string' ? given : reason);
      const isSetBefore = list.length === 0;
      const edits = decideHead(status, isSetBefore ? fieldList({ ...res.getHeaders() }) : list);
      if (edits !== undefined && isSetBefore) editHeaders(res, edits);
      const fields = edits === undefined || isSetBefore ? list : editList(list, edits);
      return typeof reason === 'string'
        ? res.writeHead(status, reason, fields)
        : res.writeHead(status, fields);
    };
    Object.assign(res, { writeHead: writeDecidedHead });
    // the library sets fields one by one, and its first write would send them
    res.once('pipe', () => {
      if (!res.headersSent) res.writeHead(res.statusCode);
    });
  };
}

function editHeaders(res: ServerResponse, { drop, set }: FieldEdits): void {
  for (const name of drop) res.removeHeader(name);
  for (const [name, value] of set) res.setHeader(name, value);
}
