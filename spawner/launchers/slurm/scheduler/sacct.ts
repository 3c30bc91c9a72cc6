// The arguments of sacct, and parsing its output. A malformed line is ignored; no requested field contains text that a
// user chooses, which could imitate another line. Not here: running it (accounting.ts).

/** A job in the accounting database. */
export interface Accounted {
  readonly id: string;
  /** When it was submitted, or put back into the queue: seconds since 1970. */
  readonly submitted: number;
  /** By Slurm's name (job-state.ts). */
  readonly state: string;
  readonly node: string | null;
  /** The exit code of its script. */
  readonly code: number;
  readonly signal: number;
}

export function sacctArgv(ids: readonly string[]): string[] {
  return [
    ...['--noheader', '--parsable2', '--allocations', '--allusers'],
    ...[`--jobs=${ids.join(',')}`, '--format=JobIDRaw,Submit,State,ExitCode,NodeList'],
  ];
}

/** SLURM_TIME_FORMAT=%s makes times numbers. sacct(1): "CANCELLED by UID"; jobs that never had a node have "None assigned". */
const line = /^(\d{1,20})\|(\d{1,12})\|([A-Z_]{2,32})(?: by \d+)?\|(\d{1,3}):(\d{1,3})\|(.*)$/;

/** The jobs, by id. */
export function parseAccounts(output: string): ReadonlyMap<string, Accounted> {
  return new Map(
    output.split('\n').flatMap((text) => {
      const [, id, submitted, state, code, signal, nodes = ''] = line.exec(text) ?? [];
      if (id === undefined || state === undefined) return [];
      const node = /^[A-Za-z0-9_.-]{1,256}$/.test(nodes) ? nodes : null;
      return [
        [id, { id, submitted: Number(submitted), state, node, code: Number(code), signal: Number(signal) }],
      ];
    }),
  );
}
