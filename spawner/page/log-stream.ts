// A server's log as plain text, and with ?follow=true what comes after ?from=POSITION, for a few minutes: then the
// script of the page asks again, and so is asked again who it is. Not here: the log on the page (page/views/server-page.ts).
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import type { LogReader } from '../logs/reader.ts';
import { isAlive } from '../records/server-state.ts';
import type { Server } from '../servers/server.ts';
import { createLogCleaner } from './log-text.ts';

/** Milliseconds. */
const longest = 240_000;
const lines = 10_000;

export async function sendLog(
  server: Server,
  logs: LogReader,
  request: Request,
  response: Response,
): Promise<void> {
  const clean = createLogCleaner();
  response.type('text/plain; charset=utf-8');
  const { follow, from } = request.query;
  if (follow !== 'true') return void response.send(clean(logs.tail(server.record.id, lines).text));
  if (typeof from !== 'string' || !/^\d{1,15}$/.test(from)) {
    throw new PortwrapError('REQUEST_INVALID', 'the query must name a position: from=POSITION');
  }
  if (!isAlive(server.record.state)) return void response.end();
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), longest);
  response.once('close', () => gone.abort());
  response.flushHeaders();
  async function* text() {
    for await (const chunk of logs.follow(server.record.id, Number(from), server.ended, gone.signal)) {
      yield clean(chunk);
    }
  }
  try {
    await pipeline(Readable.from(text()), response);
  } catch {
    // the reader has left
  } finally {
    clearTimeout(timer);
  }
}
