// Log lines in configurable-http-proxy's format, on standard output: other tools wait for some of them.
// Not here: the messages.
import { type Logger, pino } from 'pino';

export function createLineLogger(level: string, write: (line: string) => void, color = false): Logger {
  return pino({ level, base: null }, { write: (json: string) => write(toLine(json, color)) });
}

function toLine(json: string, color: boolean): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json);
  const { name, shade } = levels[level] ?? { name: 'info', shade: 32 };
  const label = color ? `\x1b[${shade}m${name}\x1b[39m` : name;
  const detail = err === undefined ? '' : ` ${err.stack ?? err.message ?? ''}`;
  const extra = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `${new Date(time).toISOString()} [ConfigProxy] ${label}: ${msg ?? ''}${detail}${extra}\n`;
}

const levels: Readonly<Record<number, { readonly name: string; readonly shade: number }>> = {
  20: { name: 'debug', shade: 34 },
  30: { name: 'info', shade: 32 },
  40: { name: 'warn', shade: 33 },
  50: { name: 'error', shade: 31 },
  60: { name: 'error', shade: 31 },
};
