// The steps that a plan is made of, as data. Not here: choosing them (plan.ts), doing them (apply.ts).

export type Step = { readonly what: string } & Action;

export type Action =
  | { readonly do: 'directory'; readonly path: string }
  /** A new random token, or the right owner and mode for the one that exists. */
  | {
      readonly do: 'token';
      readonly path: string;
      readonly gid: number;
      readonly isNew: boolean;
      readonly readers: string;
    }
  /** The proxy's token once more, as systemd reads it. */
  | {
      readonly do: 'token-variable';
      readonly path: string;
      readonly token: string;
      readonly variable: string;
    }
  /** Replaces a file of another content, of which a copy is kept. */
  | { readonly do: 'file'; readonly path: string; readonly text: string }
  /** The end of a file of the administrator; replaces the block of an earlier run. */
  | { readonly do: 'block'; readonly path: string; readonly text: string }
  /** Makes a directory of ours with commands; an earlier one is replaced. */
  | {
      readonly do: 'tree';
      readonly path: string;
      readonly commands: readonly Command[];
      /** What to do when a command fails. */
      readonly hint?: string;
    }
  | { readonly do: 'command'; readonly command: Command; readonly undo: Command | null }
  /** Taken back at the end of an undo, when its configuration is the old one again. */
  | { readonly do: 'hub'; readonly verb: 'stop' | 'start' | 'restart'; readonly unit: string }
  | { readonly do: 'check-config' }
  /** Loads the hub's configuration again, with the new lines. */
  | { readonly do: 'check-hub' }
  | { readonly do: 'wait'; readonly for: 'service' | 'hub' }
  /** Finds the accounts when everything runs, and loads the rule that doctor prints. */
  | { readonly do: 'port-guard' };

/** A program, by absolute path or found in the system's directories, with its arguments. */
export type Command = readonly [string, ...string[]];

export interface Plan {
  readonly steps: readonly Step[];
  /** What the administrator must know before saying yes, one sentence each. */
  readonly notes: readonly string[];
  /** The lines for jupyterhub_config.py. */
  readonly hubLines: string;
  /** The file that has them. */
  readonly hubConfig: string;
  /** The text of the service's configuration, existing or planned. */
  readonly config: string;
}

/** The plan as people read it, with like steps that follow each other on one line. */
export function planText({ steps, notes }: Plan): string {
  const lines: { group: string | null; text: string }[] = [];
  for (const { group, items } of groups(steps)) {
    for (const item of items) {
      const last = lines.at(-1);
      if (group !== null && last?.group === group) last.text += `, ${item}`;
      else lines.push({ group, text: group === null ? item : `${group} ${item}` });
    }
  }
  const list = lines.map(({ text }, index) => `${`${index + 1}`.padStart(3)}. ${text}\n`).join('');
  return `${list}${notes.length === 0 ? '' : `\n${notes.map((note) => `  - ${note}\n`).join('')}`}`;
}

function groups(steps: readonly Step[]): { group: string | null; items: string[] }[] {
  return steps.map((step) => {
    if (step.do === 'token' && step.isNew)
      return { group: `make the tokens (${step.readers} them):`, items: [step.path] };
    if (step.do === 'file' && step.path.startsWith('/etc/systemd/system/'))
      return { group: 'write the units', items: [step.path] };
    if (step.do === 'command' && step.command[1] === 'enable')
      return { group: 'enable and start', items: [step.command.at(-1) ?? ''] };
    return { group: null, items: [step.what] };
  });
}
