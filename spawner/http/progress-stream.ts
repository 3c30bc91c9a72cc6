// The events of a start as server-sent events, from the first or from Last-Event-ID on, to the last.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
import type { RequestHandler } from 'express';
import { isLast } from '../records/progress.ts';
import type { FindServer } from './server-routes.ts';

/** Milliseconds between comments that keep the connection alive. */
const keepAlive = 8_000;

export function progressStream(find: FindServer): RequestHandler {
  return (request, response) => {
    const { progress } = find(request, response);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    const timer = setInterval(() => response.write(': keep-alive\n\n'), keepAlive);
    const lastId = Number.parseInt(request.get('last-event-id') ?? '0', 10) || 0;
    const stop = progress.follow(lastId, ({ id, ...event }) => {
      response.write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
      if (isLast({ id, ...event })) response.end();
    });
    response.once('close', () => {
      clearInterval(timer);
      stop();
    });
  };
}
