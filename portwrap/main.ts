#!/usr/bin/env -S node --inspect-port=192.0.2.1:0
// The `portwrap` command: argv and environment in, exit code out.
import '../config/system/no-debugger.ts';
import { readFileSync } from 'node:fs';
import { type ErrorCode, PortwrapError, toPortwrapError } from '../config/errors.ts';
import { startedByNohup } from './cli/nohup.ts';
import { type CliRequest, type CliRun, parseCli } from './cli/parse.ts';
import { createToolbox } from './system/tools.ts';

/** Failures that may be the machine's fault. */
const ofTheMachine = new Set<ErrorCode>([
  'TOOL_MISSING',
  'SANDBOX_FAILED',
  'POLICY_FAILED',
  'FORWARD_FAILED',
]);
const uid = process.getuid?.() ?? -1;
const tools = createToolbox(process.env.PATH);
let request: CliRequest | undefined;

try {
  request = parseCli(process.argv.slice(2));
  process.exitCode = await answer(request);
} catch (cause) {
  const error = toPortwrapError(cause);
  process.stderr.write(`portwrap: ${error.message}\n  ${error.hint} (${error.code})\n`);
  if (error.code === 'INTERNAL') process.stderr.write(`${(cause as Error).stack}\n`);
  if (request?.kind === 'run' && ofTheMachine.has(error.code)) await consult(request);
  process.exitCode = error.exit;
}
process.exit();

/** Loads only what the request needs: a launch should not wait for the rest. */
async function answer(asked: CliRequest): Promise<number> {
  switch (asked.kind) {
    case 'help': {
      const [{ helpText }, { portwrap }] = await Promise.all([
        import('../config/command-line/help.ts'),
        import('./cli/program.ts'),
      ]);
      return say(helpText(portwrap));
    }
    case 'completion': {
      const [{ completionScript }, { portwrap }] = await Promise.all([
        import('../config/command-line/completion.ts'),
        import('./cli/program.ts'),
      ]);
      return say(completionScript(portwrap, asked.shell));
    }
    case 'version': {
      const { packageVersion } = await import('../config/system/package.ts');
      return say(`portwrap ${packageVersion()}\n`);
    }
    case 'doctor': {
      const { doctorExit, renderDoctor, runDoctor } = await loadDoctor();
      const { user, network, reach, temporarySize } = asked;
      const checks = await runDoctor({ tools, uid, user, network, reach, temporarySize });
      say(renderDoctor(checks, { json: asked.json, color: process.stdout.isTTY }));
      return doctorExit(checks);
    }
    case 'job': {
      const { runJob } = await import('./job/run.ts');
      const environment = definedOnly(process.env);
      return runJob(readFileSync(0, 'utf8'), { tools, uid, environment });
    }
    case 'enter': {
      const { runEnter } = await import('./enter/run.ts');
      return runEnter(asked, { uid, term: process.env.TERM });
    }
    case 'run': {
      const { runForeground } = await import('./cli/run.ts');
      const environment = definedOnly(process.env);
      return runForeground(asked, {
        ...{ tools, uid, environment, workingDirectory: workingDirectory() },
        ignoresHangup: startedByNohup(environment),
      });
    }
  }
}

/** Before a failed launch gives up: what is wrong with the machine, when that may be why. */
async function consult(run: CliRun): Promise<void> {
  const { renderDoctor, runDoctor } = await loadDoctor();
  const { user, network, policy: reach } = run;
  const found = await runDoctor({ tools, uid, user, network, reach }).catch(() => []);
  const failed = found.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return;
  const text = renderDoctor(failed, { json: false, color: process.stderr.isTTY });
  process.stderr.write(`\nportwrap doctor has found:\n\n${text}`);
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new PortwrapError('USAGE', 'the working directory has been deleted', {
      hint: 'Change to a directory that exists.',
      cause,
    });
  }
}

function loadDoctor() {
  return import('./doctor/index.ts');
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    string
  >;
}
