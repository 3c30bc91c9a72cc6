// The gate: the first program inside a sandbox, a few lines of sh(1). It reports that the sandbox is built, waits for the
// start signal, closes our descriptors and executes the payload. If the launcher ends, so does the gate: bwrap's
// --die-with-parent may not be in effect yet.
// Not here: the launcher's side (launch.ts).
import { restrictPayload } from '../system/apparmor.ts';
import { descriptors } from './descriptors.ts';
import { type Sysctls, sysctlCommands } from './sysctls.ts';

/** The gate's message: the sandbox is built, and the gate waits. */
export const gateReady = 'r';

/** The line that makes the gate execute the payload. */
export const startSignal = 'go\n';

/** The line that makes portwrap-init wait for the end of that process instead; it has the gate's place then. */
export function adoptSignal(pid: number): string {
  return `adopt ${pid}\n`;
}

/** The gate's exit code when the network policy could not be loaded. */
export const policyFailedExit = 99;

export interface Gate {
  readonly sh: string;
  readonly env: string;
  /** Only a gate that loads the rules can make these settings; null: the loader outside makes them. */
  readonly sysctls: Sysctls | null;
  /** The nft program, when the gate has CAP_NET_ADMIN and loads the rules itself. */
  readonly loadRules: string | null;
  /**
   * The mount program, when nothing that the machine mounts later may be seen: it would be writable in a read-only
   * view. Needs CAP_SYS_ADMIN.
   */
  readonly detachMounts: string | null;
  /** The setpriv program, when the gate has capabilities that the payload must not have. */
  readonly dropCapabilities: string | null;
  /** Whether the payload may be in our AppArmor profile, which it must leave for one without capabilities. */
  readonly restrictPayload: boolean;
  /** Soft limit of open files; Node raises its own to the hard limit and children inherit it. */
  readonly openFiles: number;
  /** The payload's file mode mask; null: the launcher's own. */
  readonly umask: string | null;
  /**
   * Signals that are ignored outside of the gate. Their default action is restored before the gate runs, so that none
   * is lost between the start signal and the payload.
   */
  readonly restoreSignals: readonly string[];
  /** portwrap-init, which takes the gate's place, waits for the line and starts the payload; null: the gate does. */
  readonly init: string | null;
  /** Environment for the payload only, not for the gate. */
  readonly lateEnvironment: Readonly<Record<string, string>>;
}

/** The argv that runs `command` behind the gate. Its exit codes: 127 not found, 126 not executable. */
export function gateArgv(gate: Gate, command: readonly string[]): string[] {
  const { launcher, policy } = descriptors;
  const script = [
    ...(gate.umask === null ? [] : [`umask ${gate.umask}`]),
    `ulimit -S -n ${gate.openFiles}`,
    ...(gate.detachMounts === null ? [] : [`${gate.detachMounts} --make-rprivate / || exit 1`]),
    ...(gate.sysctls === null ? [] : sysctlCommands(gate.sysctls)),
    ...(gate.loadRules === null ? [] : [`${gate.loadRules} -f - <&${policy} || exit ${policyFailedExit}`]),
    // no other program may run after it but the payload
    ...(gate.restrictPayload ? restrictPayload : []),
    // without a launcher this write fails and the sandbox ends: it never runs unsupervised
    `printf ${gateReady} >&${launcher} || exit 1`,
    ...(gate.init === null ? [`read -r _ <&${launcher} || exit 1`, `exec ${launcher}<&- ${policy}<&-`] : []),
    'exec "$@"',
  ];
  return [
    ...(gate.restoreSignals.length === 0
      ? []
      : [gate.env, `--default-signal=${gate.restoreSignals.join(',')}`]),
    ...[gate.sh, '-c', script.join('\n'), 'portwrap'],
    ...dropCapabilities(gate),
    ...addEnvironment(gate, gate.init === null ? command : [gate.init]),
    ...(gate.init === null ? [] : [gate.init, String(launcher), String(descriptors.life)]),
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

/** Variables that influence a program before its first line: dynamic loader, shells, locales. */
const hazards = /^(LD_|BASH_|GCONV_PATH$|LOCPATH$|ENV$|SHELLOPTS$|PS4$|IFS$|MALLOC_|GLIBC_TUNABLES$)/;

/** Names that a shell exports; dash(1) drops all other variables. */
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
