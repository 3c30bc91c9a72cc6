// The script of a job: it executes `portwrap job`, with the specification on standard input. sbatch reads the script
// from a pipe; Slurm stores it readable only for root and the user (docs/security.md). Pure.
import type { JobSpec, ProbeSpec } from '../../../portwrap/index.ts';

const delimiter = 'PORTWRAP-JOB';

/** `portwrap` is the command on the node. JSON on one line cannot end the here-document early. */
export function jobScript(portwrap: readonly string[], spec: JobSpec | ProbeSpec): string {
  const command = [...portwrap, 'job'].map(quoted).join(' ');
  return `#!/bin/sh\nunset NODE_OPTIONS\nexec ${command} <<'${delimiter}'\n${JSON.stringify(spec)}\n${delimiter}\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
