// The gate: the first program inside a sandbox, a few lines of sh(1). It proves that the sandbox stands, waits
// for the word to go, and becomes the payload, leaving none of our descriptors open.
// Not here: what happens outside while it waits (launch.ts).

/** Descriptors that the gate inherits. A shell names single digits only. */
export const gateDescriptors = { go: 6, announce: 8, rules: 9 } as const;

/** The gate's exit code when the network policy could not be loaded. */
export const policyFailedExit = 99;

export interface Gate {
  readonly sh: string;
  readonly env: string;
  /** The nft program, when the gate has CAP_NET_ADMIN and loads the rules itself. */
  readonly loadRules: string | null;
  /** The setpriv program, when the gate has capabilities that the payload must not have. */
  readonly dropCapabilities: string | null;
  /** Soft limit of open files; Node raises its own to the hard limit and children inherit it. */
  readonly openFiles: number;
  /** Signals given back their default action before the payload runs (they are ignored around it). */
  readonly restoreSignals: readonly string[];
  /** Environment that must not touch the gate itself, only the payload. */
  readonly lateEnvironment: Readonly<Record<string, string>>;
}

/** The argv that runs `command` behind the gate. Its exit codes: 127 not found, 126 not executable. */
export function gateArgv(gate: Gate, command: readonly string[]): string[] {
  const { go, announce, rules } = gateDescriptors;
  const script = [
    'umask 022',
    `ulimit -S -n ${gate.openFiles}`,
    ...(gate.loadRules === null
      ? []
      : [`${gate.loadRules} -f - <&${rules} || exit ${policyFailedExit}`, `exec ${rules}<&-`]),
    // if the launcher is gone this write fails and the sandbox ends: it never runs unwatched
    `printf r >&${announce} || exit 1`,
    `exec ${announce}>&-`,
    `read -r word <&${go} || exit 1`,
    `exec ${go}<&-`,
    'exec "$@"',
  ];
  return [
    gate.sh,
    '-c',
    script.join('\n'),
    'portwrap',
    ...dropCapabilities(gate),
    ...prepare(gate),
    ...command,
  ];
}

function dropCapabilities(gate: Gate): string[] {
  if (gate.dropCapabilities === null) return [];
  return [gate.dropCapabilities, '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'];
}

function prepare(gate: Gate): string[] {
  const assignments = Object.entries(gate.lateEnvironment).map(([name, value]) => `${name}=${value}`);
  if (assignments.length === 0 && gate.restoreSignals.length === 0) return [];
  const signals = gate.restoreSignals.length > 0 ? [`--default-signal=${gate.restoreSignals.join(',')}`] : [];
  return [gate.env, ...signals, ...assignments];
}

/** Variables that change what a program does before its first line: loaders, shells, locales. */
const hazards = /^(LD_|BASH_|GCONV_PATH$|LOCPATH$|ENV$|SHELLOPTS$|PS4$|IFS$|MALLOC_|GLIBC_TUNABLES$)/;

/** Splits an environment for a gate that has capabilities: the hazardous part is given to the payload alone. */
export function splitEnvironment(environment: Readonly<Record<string, string>>): {
  early: Record<string, string>;
  late: Record<string, string>;
} {
  const entries = Object.entries(environment);
  return {
    early: Object.fromEntries(entries.filter(([name]) => !hazards.test(name))),
    late: Object.fromEntries(entries.filter(([name]) => hazards.test(name))),
  };
}
