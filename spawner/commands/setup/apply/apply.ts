// Does the steps of a plan, in order, and writes down each change before it is made. Ends at the first step that fails.
// Not here: choosing the steps (plan.ts), taking them back (undo.ts).

import { errorCatalogue, PortwrapError } from '../../../../config/errors.ts';
import { loadConfig } from '../../../../config/load.ts';
import { errorText } from '../../../../config/system/error-text.ts';
import type { Toolbox } from '../../../../portwrap/index.ts';
import type { CommandInput } from '../../arguments.ts';
import type { Facts } from '../look/facts.ts';
import type { Plan, Step } from '../plan/steps.ts';
import { checkHub } from './check-hub.ts';
import { makeDirectory, writeBlock, writeFile, writeToken, writeTokenVariable } from './files.ts';
import { loadPortGuard } from './guard.ts';
import type { Journal } from './journal.ts';
import { makeTree, runCommand } from './programs.ts';
import { waitForHub, waitForService } from './wait.ts';

export interface ApplyInput {
  readonly plan: Plan;
  readonly facts: Facts;
  readonly tools: Toolbox;
  readonly journal: Journal;
  readonly environment: CommandInput['environment'];
  readonly print: (text: string) => void;
}

/** Throws SETUP_FAILED, which names the step. */
export async function apply(input: ApplyInput): Promise<void> {
  for (const step of input.plan.steps) {
    input.print(`  ${step.what} …`);
    try {
      await doStep(step, input);
    } catch (cause) {
      input.print(' failed\n');
      throw failedStep(step, cause);
    }
    input.print(' done\n');
  }
}

function failedStep(step: Step, cause: unknown): PortwrapError {
  const reason = errorText(cause);
  const ownHint = 'hint' in step ? step.hint : hintOf(cause);
  const hint = ownHint === undefined ? '' : `${ownHint} `;
  return new PortwrapError('SETUP_FAILED', `could not ${step.what}: ${reason}`, {
    hint: `${hint}Then run setup again: it goes on where it ended. "portwrap-spawner setup --undo" takes back what it has done.`,
    cause,
  });
}

/** That of every failed setup says what the caller adds. */
function hintOf(cause: unknown): string | undefined {
  if (!(cause instanceof PortwrapError)) return undefined;
  return cause.hint === errorCatalogue.SETUP_FAILED.hint ? undefined : cause.hint;
}

async function doStep(step: Step, input: ApplyInput): Promise<void> {
  const { facts, journal, tools } = input;
  switch (step.do) {
    case 'directory':
      return makeDirectory(step.path, journal);
    case 'token':
      return writeToken(step.path, step.gid, journal);
    case 'token-variable':
      return writeTokenVariable(step, journal);
    case 'file':
      return writeFile(step.path, step.text, journal);
    case 'block':
      return writeBlock(step.path, step.text, journal);
    case 'tree':
      return makeTree(step.path, step.commands, journal);
    case 'command':
      if (step.undo !== null)
        await journal.add({ kind: 'command', command: [...step.undo], what: step.what });
      return runCommand(step.command);
    case 'hub':
      await journal.add({ kind: 'hub', unit: step.unit });
      return runCommand(['systemctl', step.verb, step.unit]);
    case 'check-config':
      loadConfig(facts.choices.config, input.environment);
      return;
    case 'check-hub':
      return checkHub(tools, facts.hub, input.plan.hubConfig, journal);
    case 'wait':
      return step.for === 'service'
        ? waitForService(input.plan.config)
        : waitForHub(input.plan.config, facts.hub?.unit ?? 'jupyterhub.service');
    case 'port-guard':
      return loadPortGuard(input.plan.config, facts, journal);
  }
}
