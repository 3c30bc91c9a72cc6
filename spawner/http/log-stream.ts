// A server's log as plain text: its last lines, and with ?follow=true what comes until the server has ended.
import { once } from 'node:events';
import type { RequestHandler } from 'express';
import type { LogReader } from '../logs/reader.ts';
import { isAlive } from '../records/server-state.ts';
import { queries } from './operations.ts';
import { parseQuery } from './parse.ts';
import type { FindServer } from './server-routes.ts';

export function logStream(find: FindServer, logs: LogReader): RequestHandler {
  return async (request, response) => {
    const { tail, follow } = parseQuery(queries.log, request);
    const server = find(request, response);
    const { text, position } = logs.tail(server.record.id, tail);
    response.writeHead(200, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff', // it is a stranger's text
    });
    response.write(text);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    if (follow && isAlive(server.record.state)) {
      const chunks = logs.follow(server.record.id, position, server.ended, gone.signal);
      for await (const chunk of chunks) {
        if (!response.write(chunk) && !gone.signal.aborted) await drained(response, gone.signal);
      }
    }
    response.end();
  };
}

async function drained(response: NodeJS.EventEmitter, gone: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal: gone }).catch(() => {}); // the reader has left
}
