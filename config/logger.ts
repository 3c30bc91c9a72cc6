// The logger: one JSON object per line on standard error; fields with secrets are redacted.
// Not here: what is logged; pretty printing (a tool of the reader).
import { type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const secretKeys = ['token', 'env', 'authorization', 'headers.authorization', 'body'];

/** A logger that writes to the descriptor `fd` (default 2, standard error), synchronously. */
export function createLogger(level: LogLevel, name: string, fd = 2): Logger {
  return pino(
    {
      level,
      name,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: [...secretKeys, ...secretKeys.map((key) => `*.${key}`)], censor: '[hidden]' },
    },
    pino.destination({ dest: fd, sync: true }),
  );
}
