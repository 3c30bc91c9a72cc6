// Progress output of long tasks: for each step a heading, its output, and its duration.
// Not here: the steps.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const live = process.stdout.isTTY === true;

/** A failure that is printed as a plain message, without a stack. */
export class Refusal extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function say(text = '') {
  process.stdout.write(`${live ? '\r\x1b[K' : ''}${text}\n`);
}

/**
 * Runs `work` below a heading; `work` gets a function that shows one line of output. `isQuiet`: the lines are shown on a
 * terminal only, one at a time, and not kept.
 */
export async function step(title, work, { isQuiet = false } = {}) {
  const began = Date.now();
  const elapsed = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  let last = '';
  say(`> ${title}`);
  const beat = setInterval(
    () => (live ? process.stdout.write(`\r\x1b[K  ${elapsed()}  ${last}`) : say(`  ... ${elapsed()}`)),
    live ? 500 : 10_000,
  );
  try {
    const result = await work((line) => {
      last = line.slice(0, (process.stdout.columns ?? 100) - 14);
      if (!live && !isQuiet) say(`  | ${line}`);
    });
    say(`  done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(beat);
  }
}

/** Runs a command with its output shown; throws a Refusal with the last lines when it fails. */
export async function run(command, args, { env = {}, onLine = say } = {}) {
  const tail = [];
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line);
      if (tail.length > 20) tail.shift();
      onLine(line);
    });
  }
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  if (outcome === 0) return;
  const shown = tail.map((line) => `  | ${line}`).join('\n');
  throw new Refusal(`"${command} ${args.join(' ')}" failed (${outcome})\n${shown}`);
}

/** Runs a script: prints the message of a Refusal, and any other error as a defect. */
export async function main(work) {
  // The terminal may be closed before the script ends.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    say();
    process.stderr.write(`${error instanceof Refusal ? error.message : error.stack}\n`);
    process.exitCode = error instanceof Refusal ? error.exitCode : 70;
  }
}
