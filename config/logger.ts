// The logger: structured lines, one JSON object each, on standard error; tokens never reach it.
// Not here: what is logged, and pretty printing (that is for the reader's tools).
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
