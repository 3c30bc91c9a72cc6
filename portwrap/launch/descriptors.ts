// The descriptors that the programs of a launch inherit, beyond standard input, output and error.
// Not here: what opens and reads them (build.ts, wrapper/, bwrap-argv.ts, gate.ts).

/** sh(1) can redirect only single digits, so the others must follow these. */
export const descriptors = {
  /** bwrap's arguments (`--args`), read to their end. */
  args: 3,
  /** The file that bwrap writes its status to. */
  status: 4,
  /** The seccomp program of a sandbox at a terminal, if it has one. */
  filter: 5,
  /**
   * While the launcher holds its end, the scope of the sandbox exists (cgroups/scope.ts). Without root the guard waits
   * there, too, for `isBuilt`: if the launcher ends first, the guard ends what the launch has begun.
   */
  keeper: 6,
  /** The life FIFO, opened by the launch wrapper and held by all processes of the sandbox (system/liveness.ts). */
  life: 7,
  /** A socket to the launcher: wrapper and gate report their progress there, and the gate waits for the start signal. */
  launcher: 8,
  /** The network policy: a file that the gate loads, or, as root, a socket to the loader that waits outside. */
  policy: 9,
} as const;

/**
 * In launches of root bwrap waits until its user namespace has its maps (sandbox/own-groups.ts). These numbers are free
 * again when it starts.
 */
export const mapping = {
  /** A FIFO to which bwrap writes which process waits. */
  report: descriptors.keeper,
  /** The launcher's socket once more, from which that process reads one byte. */
  done: descriptors.policy,
} as const;

export type DescriptorName = keyof typeof descriptors;

/** The descriptor of the synthetic file with that index; the last ones of all. */
export function syntheticDescriptor(index: number): number {
  return descriptors.policy + 1 + index;
}

/** The descriptor by which portwrap-init is executed, after all others: directories above its file may be closed to users. */
export function initDescriptor(synthetic: readonly unknown[]): number {
  return syntheticDescriptor(synthetic.length);
}

/** The part of a child's `stdio` array that follows standard error, each in its place. */
export function inheritedStdio<T>(named: Readonly<Record<DescriptorName, T>>, synthetic: readonly T[]): T[] {
  const stdio = [...synthetic];
  for (const name of names.toReversed()) stdio.unshift(named[name]);
  return stdio;
}

/** Redirections of sh(1) that close all of the named descriptors but these. */
export function closeAllBut(...kept: readonly DescriptorName[]): string {
  return names
    .filter((name) => !kept.includes(name))
    .map((name) => `${descriptors[name]}<&-`)
    .join(' ');
}

/** In the order of their numbers. */
const names = (Object.keys(descriptors) as DescriptorName[]).sort((a, b) => descriptors[a] - descriptors[b]);
