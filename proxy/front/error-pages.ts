// Sends an error page when there is no upstream response to forward: from --error-target, from --error-path, or the
// built-in one. Pages reveal nothing about targets.
// Not here: choosing the status.
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import type { Logger } from '../../config/logger.ts';
import type { UpstreamTls } from '../engines/engine.ts';
import { linger } from '../http/linger.ts';
import { type ErrorPage, fetchErrorPage } from './error-target.ts';

export interface ErrorPageOptions {
  readonly errorTarget: string | undefined;
  readonly errorPath: string | undefined;
  readonly tls: UpstreamTls;
}

export type SendErrorPage = (req: IncomingMessage, res: ServerResponse, status: number) => void;

export function errorPages(options: ErrorPageOptions, log: Logger): SendErrorPage {
  return (req, res, status) => {
    linger(req);
    pageFor(req, status, options, log)
      .catch((error: unknown) => {
        log.error({ err: error }, 'cannot create the error page');
        return plainPage(status);
      })
      .then((page) => send(res, status, page))
      .catch(() => res.destroy());
  };
}

function send(res: ServerResponse, status: number, page: ErrorPage): void {
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
): Promise<ErrorPage> {
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
      // try the next file
    }
  }
  return defaultPage(status);
}

function plainPage(status: number): ErrorPage {
  return { headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(STATUS_CODES[status] ?? 'Error') };
}

function html(body: Buffer): ErrorPage {
  return { headers: { 'Content-Type': 'text/html' }, body };
}

function defaultPage(status: number): ErrorPage {
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
  500: 'This address is not valid. Please check it for mistakes.',
  502: 'The server behind this address sent an invalid response.',
  503: 'The server behind this address does not respond. It may be starting, or may have stopped: try again shortly.',
};
