#!/usr/bin/env node
// The `portwrap` command: argv and environment in, exit code out.
import { readFileSync } from 'node:fs';
import { toPortwrapError } from '../config/errors.ts';
import { parseCli } from './cli.ts';
import { completionScript } from './completion.ts';
import { runForeground } from './foreground.ts';
import { helpText } from './help.ts';
import { createToolbox } from './tools.ts';

try {
  const request = parseCli(process.argv.slice(2));
  if (request.kind === 'help') process.stdout.write(helpText());
  else if (request.kind === 'completion') process.stdout.write(completionScript(request.shell));
  else if (request.kind === 'version') process.stdout.write(`portwrap ${version()}\n`);
  else {
    process.exitCode = await runForeground(request, {
      tools: createToolbox(process.env.PATH),
      environment: definedOnly(process.env),
      workingDirectory: process.cwd(),
      uid: process.getuid?.() ?? -1,
    });
  }
} catch (cause) {
  const error = toPortwrapError(cause);
  process.stderr.write(`portwrap: ${error.message}\n  ${error.hint} (${error.code})\n`);
  if (error.code === 'INTERNAL') process.stderr.write(`${(cause as Error).stack}\n`);
  process.exitCode = error.exit;
}
process.exit();

function version(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    string
  >;
}
