// The virtual machine that runs: commands in it as root or as somebody who logs in, and back to a snapshot. It is
// booted and installed by scripts/vm. Not here: what is looked at in it.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly output: string;
}

export interface RunOptions {
  readonly input?: string;
  /** How long the command may take; then it is ended, and that is a failure. */
  readonly seconds?: number;
}

const script = fileURLToPath(new URL('../../scripts/vm/main.mjs', import.meta.url));

export class Machine {
  readonly #described: Description;

  constructor(described: Description) {
    this.#described = described;
  }

  /** Port 8000 of the machine. */
  get web(): string {
    return this.#described.web;
  }

  get suite(): string {
    return this.#described.suite;
  }

  /** Runs a shell command as root, all of them in one login. */
  run(command: string, options: RunOptions = {}): Promise<Outcome> {
    return finished(this.#described.root, command, options);
  }

  /** The output of such a command; throws when it fails. */
  async output(command: string, options: RunOptions = {}): Promise<string> {
    const { code, output } = await this.run(command, options);
    if (code !== 0) throw new Error(`In the machine, "${command}" ended with ${code}:\n${output}`);
    return output.trim();
  }

  /** Runs a shell command in a login of its own. */
  login(account: string, command: string, options: RunOptions = {}): Promise<Outcome> {
    const ssh = this.#described.login.map((word) => word.replace('ACCOUNT', account));
    return finished(ssh, command, options);
  }

  /** What the kernel has written on the console. */
  console(): string {
    return readFileSync(this.#described.console, 'utf8');
  }
}

/** The machine, put back to a snapshot. */
export function machineAt(snapshot: 'boot' | 'deployed'): Machine {
  administer(['back', snapshot]);
  return new Machine(JSON.parse(administer(['describe'])) as Description);
}

/** Waits until `look` finds something; what is waited for is named when it does not come. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  seconds = 300,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      last = `; last: ${(error as Error).message}`;
    }
    if (Date.now() > deadline) throw new Error(`Not within ${seconds} s: ${what}${last}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

interface Description {
  readonly suite: string;
  readonly console: string;
  readonly web: string;
  /** The words of an ssh command line as root. */
  readonly root: readonly string[];
  /** The same in a login of its own, with ACCOUNT in place of the name. */
  readonly login: readonly string[];
}

function administer(words: readonly string[]): string {
  try {
    return execFileSync(process.execPath, [script, ...words], { encoding: 'utf8', timeout: 590_000 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`scripts/vm/main.mjs ${words.join(' ')} failed:\n${stdout}${stderr}`);
  }
}

function finished(ssh: readonly string[], command: string, options: RunOptions): Promise<Outcome> {
  const { input = '', seconds = 180 } = options;
  const [program = 'ssh', ...words] = ssh;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, command], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill();
    }, seconds * 1000);
    child.stdout.on('data', (data) => {
      output += String(data);
    });
    child.stderr.on('data', (data) => {
      output += String(data);
    });
    child.stdin.on('error', () => {}); // the exit code says it
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (late) reject(new Error(`In the machine, "${command}" takes more than ${seconds} s:\n${output}`));
      else resolve({ code, output });
    });
  });
}
