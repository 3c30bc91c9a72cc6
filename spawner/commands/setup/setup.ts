// `portwrap-spawner setup`: connects this machine's JupyterHub with the spawner service. It looks, says what it will do,
// and does it after a yes; then it runs doctor and smoke. Not here: finding out (look/), deciding (plan/), doing (apply/).
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { PortwrapError } from '../../../config/errors.ts';
import { type ConfigFile, parseConfig } from '../../../config/load.ts';
import { debuggerNowhere } from '../../../config/system/no-debugger.ts';
import { packageRoot } from '../../../config/system/package.ts';
import { createToolbox } from '../../../portwrap/index.ts';
import type { Command, CommandInput } from '../arguments.ts';
import { confirm } from '../confirm.ts';
import { apply } from './apply/apply.ts';
import { openJournal } from './apply/journal.ts';
import { describe, toTakeBack, undo } from './apply/undo.ts';
import { choicesOf } from './look/choices.ts';
import { findHub } from './look/find-hub.ts';
import { look } from './look/look.ts';
import { nextSteps } from './next-steps.ts';
import { plan } from './plan/plan.ts';
import { planText } from './plan/steps.ts';
import { findTestUser } from './test-user.ts';

export const run: Command = async (input) => {
  const { options, print } = input;
  const choices = choicesOf(options);
  if (process.getuid?.() !== 0) {
    throw new PortwrapError('SETUP_REFUSED', 'setup must run as root', { hint: 'Run it with sudo.' });
  }
  const tools = createToolbox();
  if (options.undo) return undoAll(input);
  if (!isSystemd()) {
    throw new PortwrapError('SETUP_REFUSED', 'systemd does not run this machine', {
      hint: 'Setup makes units of systemd. Without it see docs/jupyterhub.md.',
    });
  }
  const hub = await findHub(tools, choices);
  const isTold = options.yes || options['dry-run'];
  if (hub !== null && !isTold) {
    const what = `Setup loads the configuration of the hub (${hub.unit ?? hub.python}) with ${hub.python}, as the hub does.`;
    if (!(await agrees(`${what} Go on?`, print))) return 0;
  }
  const facts = await look(tools, choices, hub);
  const planned = plan(facts);
  if (choices.printConfig) print(`# for jupyterhub_config.py\n${planned.hubLines}\n`);
  if (options['dry-run'] && options.json) {
    const { steps, notes, hubLines } = planned;
    print(`${JSON.stringify({ steps, notes, hub_lines: hubLines }, null, 2)}\n`);
    return 0;
  }
  if (planned.steps.length === 0) {
    print('Nothing is to be done: this machine is set up.\n');
    return 0;
  }
  print(`Setup will:\n\n${planText(planned)}\n`);
  if (options['dry-run']) {
    print('Nothing was changed. To do this, leave --dry-run out.\n');
    return 0;
  }
  if (!options.yes && !(await agrees('Do this?', print))) return 0;
  const journal = openJournal();
  await apply({ plan: planned, facts, tools, journal, environment: input.environment, print });
  if (choices.printConfig) return 0;
  const { code, user } = await verify(input, parseConfig(planned.config, choices.config));
  const newHub = hub === null ? hostname() : null;
  const needsRestart = hub !== null && hub.unit === null;
  const ending = { newHub, needsRestart, config: choices.config, passed: code === 0, user, guides: guides() };
  print(`\n${nextSteps(ending)}`);
  return code;
};

/** In the npm package, in the Debian package. */
function guides(): string | null {
  const places = [join(packageRoot(), 'docs'), '/usr/share/doc/portwrap-spawner/docs'];
  return places.find((path) => existsSync(path)) ?? null;
}

/** sd_booted(3). */
function isSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

function agrees(question: string, print: (text: string) => void): Promise<boolean> {
  return confirm(question, print, {
    code: 'SETUP_REFUSED',
    message: 'setup asks before it changes anything, and there is no terminal',
    hint: 'Give --yes, or --dry-run to see what it would do.',
  });
}

async function undoAll({ options, print }: CommandInput): Promise<number> {
  const journal = openJournal();
  if (journal.entries.length === 0) {
    print('Nothing is to be taken back.\n');
    return 0;
  }
  const list = toTakeBack(journal.entries)
    .map((entry) => `  ${describe(entry)}\n`)
    .join('');
  print(`Setup will stop every server of the service, and take back:\n\n${list}\n`);
  if (options['dry-run']) return 0;
  if (!options.yes && !(await agrees('Do this?', print))) return 0;
  await own(['stop', '--all', '--yes', '--config', options.config]);
  return (await undo(journal, print)) ? 0 : 1;
}

/** doctor, then smoke as an account that exists: the higher exit code, and the account. */
async function verify(
  { options, print, environment }: CommandInput,
  config: ConfigFile,
): Promise<{ code: number; user: string | null }> {
  const user = options.user ?? (await findTestUser(config.accounts, environment.SUDO_USER));
  print('\nThe checks of portwrap-spawner doctor:\n\n');
  const doctor = await own(['doctor', '--config', options.config]);
  if (user === null) return { code: doctor, user };
  print(`\nThe test server of portwrap-spawner smoke, as ${user}:\n\n`);
  const url = options['public-url'] === undefined ? [] : ['--public-url', options['public-url']];
  const smoke = await own(['smoke', '--config', options.config, '--user', user, ...url]);
  return { code: Math.max(doctor, smoke), user };
}

const program = fileURLToPath(new URL('../../main.js', import.meta.url));

/** A command of this program, with the same output; its exit code. */
async function own(argv: readonly string[]): Promise<number> {
  const run = await execa(process.execPath, [debuggerNowhere, program, ...argv], {
    stdio: 'inherit',
    reject: false,
  });
  return run.exitCode ?? 1;
}
