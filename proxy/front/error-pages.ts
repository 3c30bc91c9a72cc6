// What a person sees when there is no answer to pass on: a page from --error-target, from --error-path, or
// a plain one. Nothing about the inside is told.
// Not here: which status it is.
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import type { Logger } from '../../config/logger.ts';
import type { UpstreamTls } from '../engines/engine.ts';
import { linger } from '../http/linger.ts';
import { fetchErrorPage, type Page } from './error-target.ts';

export interface ErrorPageOptions {
  readonly errorTarget: string | undefined;
  readonly errorPath: string | undefined;
  readonly tls: UpstreamTls;
}

export type AnswerError = (req: IncomingMessage, res: ServerResponse, status: number) => void;

export function errorPages(options: ErrorPageOptions, log: Logger): AnswerError {
  return (req, res, status) => {
    linger(req);
    pageFor(req, status, options, log)
      .catch((error: unknown) => {
        log.error({ err: error }, 'an error page failed');
        return plainPage(status);
      })
      .then((page) => send(res, status, page))
      .catch(() => res.destroy());
  };
}

function send(res: ServerResponse, status: number, page: Page): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  res
    .writeHead(status, STATUS_CODES[status] ?? 'Error', {
      ...page.headers,
      'Content-Length': page.body.length,
    })
    .end(page.body);
}

async function pageFor(
  req: IncomingMessage,
  status: number,
  options: ErrorPageOptions,
  log: Logger,
): Promise<Page> {
  if (options.errorTarget !== undefined) {
    try {
      return await fetchErrorPage(options.errorTarget, status, req, options.tls);
    } catch (error) {
      const reason = error instanceof Error ? error.message : '';
      log.error(`Failed to get custom error page: ${reason}`);
      return plainPage(status);
    }
  }
  if (options.errorPath === undefined) return defaultPage(status);
  for (const name of [`${status}.html`, 'error.html']) {
    try {
      return html(await readFile(join(options.errorPath, name)));
    } catch {
      // The next one will do.
    }
  }
  return defaultPage(status);
}

function plainPage(status: number): Page {
  return { headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(STATUS_CODES[status] ?? 'Error') };
}

function html(body: Buffer): Page {
  return { headers: { 'Content-Type': 'text/html' }, body };
}

function defaultPage(status: number): Page {
  const title = `${status}: ${STATUS_CODES[status] ?? 'Error'}`;
  const text = explanations[status] ?? 'Something went wrong on the way to the server. Please try again.';
  return html(
    Buffer.from(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${title}</title>
    <style>body { font: 1.1em/1.5 sans-serif; max-width: 36em; margin: 15vh auto; padding: 0 1em }</style>
  </head>
  <body>
    <h1>${title}</h1>
    <p>${text}</p>
  </body>
</html>
`),
  );
}

const explanations: Readonly<Record<number, string>> = {
  404: 'No service is registered at this address. If you had a server here, it may have been stopped.',
  500: 'This address could not be understood. Please check it for mistakes.',
  502: 'The server behind this address gave an answer that could not be understood.',
  503: 'The server behind this address does not answer. It may be starting, or have stopped: try again shortly.',
};
