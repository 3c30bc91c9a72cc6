// docs/errors.md: the error catalogue as a page.
import type { ErrorKind } from '../errors.ts';
import { table } from './table.ts';

/** The text of the page, in the order of the catalogue. */
export function errorsPage(catalogue: Readonly<Record<string, ErrorKind>>): string {
  const rows = Object.entries(catalogue).map(([code, { status, exit, hint, setting }]) => [
    `\`${code}\``,
    String(status),
    String(exit),
    hint,
    setting ?? '',
  ]);
  return `${introduction}\n\n${table(['code', 'HTTP', 'exit', 'what to do', 'settings'], rows)}\n`;
}

const introduction = `# Errors

Every failure has a code. The HTTP APIs respond with the status and a JSON object (\`code\`, \`message\`, \`hint\`, and
where they apply \`server\` and \`log\`); the commands print the message and the hint, and exit with the exit code.
Branch on the code: it is never renamed, while messages and hints may change. The last column is for administrators:
it is in the log of the service as \`setting\`, and users of a hub do not see it.

This page is made from \`config/errors.ts\` by \`npm run generate\`.`;
