// The script of a job: it becomes `portwrap job`, with the specification on standard input. sbatch takes it from a
// pipe; Slurm keeps it where only root and the user can read it (docs/security.md). Pure.
import type { JobSpec, ProbeSpec } from '../../../portwrap/index.ts';

const delimiter = 'PORTWRAP-JOB';

/** `portwrap` is the command on the node. JSON on one line cannot end the here-document before its end. */
export function jobScript(portwrap: readonly string[], spec: JobSpec | ProbeSpec): string {
  const command = [...portwrap, 'job'].map(quoted).join(' ');
  return `#!/bin/sh\nunset NODE_OPTIONS\nexec ${command} <<'${delimiter}'\n${JSON.stringify(spec)}\n${delimiter}\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
