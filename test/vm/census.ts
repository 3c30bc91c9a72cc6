// Two looks at the whole machine, compared: what has come and what has gone.
// Not here: looking (census.py, inside the machine).
import { readFileSync } from 'node:fs';
import type { Machine } from './machine.ts';

/** For each kind of thing ("mounts", "processes", ...) a sorted list of lines. */
export type Census = Readonly<Record<string, readonly string[]>>;

const program = readFileSync(new URL('census.py', import.meta.url), 'utf8');

export async function takeCensus(machine: Machine): Promise<Census> {
  const text = await machine.output('python3 -', { input: program, seconds: 240 });
  return JSON.parse(text) as Census;
}

/**
 * What differs from `before`, once that does not change any more: logins and their managers end a while after
 * somebody has left. Each line is "+ mounts: ..." or "- mounts: ...".
 */
export async function changesSince(machine: Machine, before: Census, seconds = 150): Promise<string[]> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const changes = compare(before, await takeCensus(machine));
    if (changes.length === 0 || Date.now() > deadline) return changes;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

export function compare(before: Census, after: Census, unasked: readonly RegExp[] = []): string[] {
  const kinds = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...kinds].flatMap((kind) => {
    const [old, now] = [before[kind] ?? [], after[kind] ?? []];
    return [
      ...first(`+ ${kind}: `, without(now, old), unasked),
      ...first(`- ${kind}: `, without(old, now), unasked),
    ];
  });
}

/** A machine that is damaged differs in thousands of lines; the host's own are the most telling. */
function first(prefix: string, lines: readonly string[], unasked: readonly RegExp[]): string[] {
  const ignored = [...comesAndGoes, ...unasked];
  const all = lines.map((line) => prefix + line).filter((line) => !ignored.some((own) => own.test(line)));
  const sorted = [
    ...all.filter((line) => line.includes(' the host:')),
    ...all.filter((line) => !line.includes(' the host:')),
  ];
  return sorted.length <= most
    ? sorted
    : [...sorted.slice(0, most), `${prefix}... ${sorted.length - most} more`];
}

const most = 30;

/** What Debian's own programs do in their own time, with us or without. */
const comesAndGoes = [
  // written and removed by a look of the service at its state directory; one that stays is told
  /^- files: \/run\/portwrap-spawner\/probe /,
  // started when somebody asks over D-Bus, and ended when nobody does
  /(?:systemd-(?:hostnamed|timedated|localed|userdbd)|polkit|packagekit)(?:\.service|d)?\b/,
  /^. modules: /,
  // systemd itself, executed again
  /^. processes: root \/init\.scope (?:\/sbin\/init|(?:\/usr)?\/lib\/systemd\/systemd)\b/,
  // where systemd runs ExecReload of a unit with delegated control groups; it keeps the empty group
  /^\+ control groups: \/system\.slice\/portwrap-spawner\.service\/\.control hands down: nothing$/,
  // a fork server that outlives the service keeps the session keyring of that one, which systemd has made
  /^\+ keys: 0 (?:keyring _ses|user invocation_id)$/,
  // what a service that ends writes down for the next one
  /^\+ files: \/run\/portwrap-spawner\/activity\.json /,
];

/** The lines of `all` that are not in `others`, as often as they are there more often. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return all.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}
