// The gate: the first program inside a sandbox, a few lines of sh(1). It proves that the sandbox stands, waits
// for the word to go, and becomes the payload, leaving none of our descriptors open. A launcher that is gone says
// no word, and then the gate ends: bwrap's own tie to its parent may not be made yet.
// Not here: what happens outside while it waits (launch.ts).
import { descriptors } from './descriptors.ts';
import { openLowPorts } from './low-ports.ts';

/** What it announces: the sandbox stands, and it waits. */
export const gateStands = 'r';

/** The line that lets the payload run. */
export const wordToGo = 'go\n';

/** The gate's exit code when the network policy could not be loaded. */
export const policyFailedExit = 99;

export interface Gate {
  readonly sh: string;
  readonly env: string;
  /** May the payload listen on ports below 1024? Only a gate that loads the rules can give that. */
  readonly lowPorts: boolean;
  /** The nft program, when the gate has CAP_NET_ADMIN and loads the rules itself. */
  readonly loadRules: string | null;
  /**
   * The mount program, when nothing that the machine mounts later may be seen: it would be writable in a read-only
   * view. Needs CAP_SYS_ADMIN.
   */
  readonly detachMounts: string | null;
  /** The setpriv program, when the gate has capabilities that the payload must not have. */
  readonly dropCapabilities: string | null;
  /** Soft limit of open files; Node raises its own to the hard limit and children inherit it. */
  readonly openFiles: number;
  /** The payload's file mode mask; null: the launcher's own. */
  readonly umask: string | null;
  /**
   * Signals that are ignored around the gate. They get their default action back before the gate runs, so
   * that none is lost between the word to go and the payload.
   */
  readonly restoreSignals: readonly string[];
  /** Environment that must not touch the gate itself, only the payload. */
  readonly lateEnvironment: Readonly<Record<string, string>>;
}

/** The argv that runs `command` behind the gate. Its exit codes: 127 not found, 126 not executable. */
export function gateArgv(gate: Gate, command: readonly string[]): string[] {
  const { launcher, policy } = descriptors;
  const script = [
    ...(gate.umask === null ? [] : [`umask ${gate.umask}`]),
    `ulimit -S -n ${gate.openFiles}`,
    ...(gate.detachMounts === null ? [] : [`${gate.detachMounts} --make-rprivate / || exit 1`]),
    ...(gate.lowPorts ? [openLowPorts] : []),
    ...(gate.loadRules === null
      ? []
      : [`${gate.loadRules} -f - <&${policy} || exit ${policyFailedExit}`, `exec ${policy}<&-`]),
    // if the launcher is gone this write fails and the sandbox ends: it never runs unwatched
    `printf ${gateStands} >&${launcher} || exit 1`,
    `read -r _ <&${launcher} || exit 1`,
    `exec ${launcher}<&-`,
    'exec "$@"',
  ];
  return [
    ...(gate.restoreSignals.length === 0
      ? []
      : [gate.env, `--default-signal=${gate.restoreSignals.join(',')}`]),
    ...[gate.sh, '-c', script.join('\n'), 'portwrap'],
    ...dropCapabilities(gate),
    ...addEnvironment(gate, command),
    ...command,
  ];
}

function dropCapabilities(gate: Gate): string[] {
  if (gate.dropCapabilities === null) return [];
  return [gate.dropCapabilities, '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'];
}

function addEnvironment(gate: Gate, command: readonly string[]): string[] {
  const assignments = Object.entries(gate.lateEnvironment).map(([name, value]) => `${name}=${value}`);
  if (assignments.length === 0) return [];
  // env(1) would take a command like "a=b" for one more variable
  const guard = command[0]?.includes('=') ? [gate.sh, '-c', 'exec "$@"', 'portwrap'] : [];
  return [gate.env, ...assignments, ...guard];
}

/** Variables that change what a program does before its first line: loaders, shells, locales. */
const hazards = /^(LD_|BASH_|GCONV_PATH$|LOCPATH$|ENV$|SHELLOPTS$|PS4$|IFS$|MALLOC_|GLIBC_TUNABLES$)/;

/** What a shell hands on; dash(1) drops every variable with another name. */
const shellName = /^[A-Za-z_]\w*$/;

/**
 * Splits an environment into what the gate may see and what is given to the payload alone: names that a shell
 * loses, and for a gate that has capabilities the hazardous ones. The late part is in an argv for some
 * milliseconds and in that of bwrap for good, so it is as small as can be.
 */
export function splitEnvironment(
  environment: Readonly<Record<string, string>>,
  gateHasCapabilities: boolean,
): { early: Record<string, string>; late: Record<string, string> } {
  const entries = Object.entries(environment);
  const isLate = (name: string) => !shellName.test(name) || (gateHasCapabilities && hazards.test(name));
  return {
    early: Object.fromEntries(entries.filter(([name]) => !isLate(name))),
    late: Object.fromEntries(entries.filter(([name]) => isLate(name))),
  };
}
