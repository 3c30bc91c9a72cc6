// The access log: writes a line when a response or a WebSocket ends, for whatever reason. Without --access-log nothing
// is done per request.
// Not here: the format of a line (access-line.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../config/logger.ts';
import { openLogFile } from '../../config/system/log-file.ts';
import { clientAddress, type TrustedAddresses } from '../listen/trusted-proxies.ts';
import { type AccessLogFormat, accessLine, withoutQuery } from './access-line.ts';
import { writeStandardOutput } from './standard-output.ts';

export interface AccessLog {
  onRequest(req: IncomingMessage, res: ServerResponse): void;
  /** Returns the function that records the status. */
  onUpgrade(req: IncomingMessage, socket: Socket): (status: number) => void;
  /** Opens its file again, by name. */
  reopen(): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

export interface AccessLogOptions {
  readonly accessLog: AccessLogFormat;
  readonly accessLogFile: string | undefined;
}

/** Undefined without an access log. */
export function openAccessLog(
  options: AccessLogOptions,
  trusted: TrustedAddresses | undefined,
  clock: () => number,
  log: Logger,
): AccessLog | undefined {
  const format = options.accessLog;
  if (format === 'off') return undefined;
  const file = options.accessLogFile === undefined ? undefined : openLogFile(options.accessLogFile, log);
  const write = file?.write ?? writeStandardOutput;

  const begin = (req: IncomingMessage): ((status: number, bytes: number) => void) => {
    const time = clock();
    const began = performance.now();
    // Read now: a closed socket no longer has its peer's address.
    const request = {
      address: clientAddress(req, trusted),
      method: req.method ?? '',
      path: withoutQuery(req.url),
      version: 'alpnProtocol' in req.socket && req.socket.alpnProtocol === 'h2' ? '2.0' : req.httpVersion,
      referer: req.headers.referer === undefined ? undefined : withoutQuery(req.headers.referer),
      userAgent: req.headers['user-agent'],
    };
    return (status, bytes) => {
      const milliseconds = Math.round((performance.now() - began) * 1000) / 1000;
      write(accessLine(format, { time, ...request, status, bytes, milliseconds }));
    };
  };
  return {
    onRequest: (req, res) => {
      const end = begin(req);
      res.once('close', () => {
        const bytes = 'bodyBytes' in res && req.method !== 'HEAD' ? Number(res.bodyBytes) : 0;
        end(res.headersSent ? res.statusCode : clientLeft, bytes);
      });
    },
    onUpgrade: (req, socket) => {
      const end = begin(req);
      const before = socket.bytesWritten;
      let status = clientLeft;
      socket.once('close', () => end(status, socket.bytesWritten - before));
      return (answered) => {
        status = answered;
      };
    },
    reopen: () => file?.reopen(),
    close: async () => file?.close(),
  };
}

/** nginx's status for a client that closed the request. */
const clientLeft = 499;
