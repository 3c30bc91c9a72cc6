// `portwrap-spawner doctor`: examines the machine for what the configuration needs, with `portwrap doctor` as a
// process of its own, once for every network that a profile uses. A part that crashes is a finding, and the others
// go on. Not here: the probes (portwrap/doctor/, host.ts, hub-url.ts, ports.ts, preload.ts, shares.ts, hooks.ts).

import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { PortwrapError, toPortwrapError } from '../../../config/errors.ts';
import { type Config, loadConfigFile } from '../../../config/load.ts';
import { debuggerNowhere } from '../../../config/system/no-debugger.ts';
import {
  type Check,
  doctorExit,
  failed,
  type NetworkChoice,
  type Reach,
  renderDoctor,
  usedPrograms,
} from '../../../portwrap/index.ts';
import type { Command } from '../arguments.ts';
import { collectHookChecks } from './hooks.ts';
import { collectHostChecks } from './host.ts';
import { collectHubUrlChecks } from './hub-url.ts';
import { collectPortChecks, type PortsFinding } from './ports.ts';
import { collectPreloadChecks } from './preload.ts';
import { collectShareChecks } from './shares.ts';

const portwrap = fileURLToPath(new URL('../../../portwrap/main.js', import.meta.url));

export const run: Command = async (input) => {
  const { config: path, user, json, launcher } = input.options;
  if (launcher === 'slurm') return (await import('./slurm.ts')).run(input);
  const file = loadConfigFile(path);
  const findings: unknown[] = [];
  let exit = 0;
  for (const used of networksOf(file)) {
    const { choice, reach } = used;
    const { forwarder, uplink } = usedPrograms(choice, reach);
    const { said, shown, checks, code } = await collectSandboxChecks(used, user, json);
    const programs = uplink === null || forwarder === uplink ? forwarder : `${forwarder} and ${uplink}`;
    if (!json) input.print(`${said && `${said}\n`}With ${programs}, which a profile uses:\n\n${shown}\n`);
    findings.push({ forwarder, uplink, checks });
    exit = Math.max(exit, code);
  }
  const host = [
    ...collectHostChecks(file),
    ...(await collectHubUrlChecks(file)),
    ...collectShareChecks(file),
    ...collectHookChecks(file),
    ...(await collectPreloadChecks(file)),
  ];
  findings.push({ checks: host });
  if (!json) input.print(`${render(host)}\n`);
  exit = Math.max(exit, doctorExit(host));
  if (process.getuid?.() === 0) {
    const { check, rules, paste } = await collectPortChecks(file, input.options['proxy-user']).catch(
      portsNotChecked,
    );
    findings.push({ checks: [check], rules });
    if (!json) input.print(`${render([check])}${paste && `\n${paste}`}`);
    exit = Math.max(exit, doctorExit([check]));
  }
  if (json) input.print(`${JSON.stringify(findings)}\n`);
  return exit;
};

interface UsedNetwork {
  readonly choice: NetworkChoice;
  /** Of the profiles that make this choice. */
  readonly reach: Reach[];
  /** Of the first profile that bounds temporary files on disk; null: none does. */
  temporarySize: string | null;
}

/** Each choice once. */
function networksOf({ profiles }: Pick<Config, 'profiles'>): UsedNetwork[] {
  const used = new Map<string, UsedNetwork>();
  for (const { forwarder, uplink, network, files } of profiles) {
    const choice = { forwarder, uplink };
    const { internet, dns, host_ports } = network;
    const hosts = host_ports.map((port) => ({ address: '127.0.0.1', port }));
    const same = used.get(JSON.stringify(choice)) ?? { choice, reach: [], temporarySize: null };
    same.reach.push({ internet, dns, hosts });
    if (files.temporary_in === 'disk') same.temporarySize ??= files.temporary_size;
    used.set(JSON.stringify(choice), same);
  }
  return [...used.values()];
}

interface SandboxFinding {
  /** What it wrote to standard error. */
  readonly said: string;
  /** The checks as people read them; only without `json`. */
  readonly shown: string;
  /** Only with `json`. */
  readonly checks: readonly Check[];
  readonly code: number;
}

async function collectSandboxChecks(
  { choice, reach, temporarySize }: UsedNetwork,
  user: string | undefined,
  json: boolean,
): Promise<SandboxFinding> {
  const argv = [
    'doctor',
    ...(choice.forwarder === null ? [] : ['--forwarder', choice.forwarder]),
    ...(choice.uplink === null ? [] : ['--uplink', choice.uplink]),
    // no uplink is examined where no profile needs one
    ...(usedPrograms(choice, reach).uplink === null ? ['--internet', 'no'] : []),
    ...(reach.some(({ dns }) => dns) ? [] : ['--no-dns']),
    ...(temporarySize === null ? [] : ['--temporary-size', temporarySize]),
    ...(json ? ['--json'] : []),
    ...(user === undefined ? [] : ['--user', user]),
  ];
  const run = await execa(process.execPath, [debuggerNowhere, portwrap, ...argv], { reject: false });
  const { exitCode, stdout, stderr } = run;
  const done = { said: stderr, shown: stdout, code: exitCode ?? 1 };
  const isWhole = stdout !== '' && (exitCode === 0 || exitCode === 1);
  if (!isWhole) return crashed(done, stderr.split('\n')[0] || (run.shortMessage ?? 'it printed nothing'));
  try {
    return { ...done, checks: json ? (JSON.parse(stdout) as Check[]) : [] };
  } catch (error) {
    return crashed(done, `its output is not JSON: ${(error as Error).message}`);
  }
}

function crashed(run: Omit<SandboxFinding, 'checks'>, what: string): SandboxFinding {
  const fix = 'Run portwrap doctor by itself and report its output.';
  const check = failed('portwrap doctor', what, 'Its checks could not be made.', fix);
  return {
    ...run,
    shown: [run.shown, render([check])].filter(Boolean).join('\n'),
    checks: [check],
    code: Math.max(1, run.code),
  };
}

function portsNotChecked(cause: unknown): PortsFinding {
  const { message, hint } = toPortwrapError(cause);
  const what = cause instanceof PortwrapError ? message : String(cause);
  return {
    check: failed('host ports', what, 'The host ports could not be tested.', hint),
    rules: null,
    paste: '',
  };
}

function render(checks: readonly Check[]): string {
  return renderDoctor(checks, { json: false, color: false });
}
