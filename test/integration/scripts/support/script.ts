// A script of scripts/ as a process: its output as it comes, its end, and a temporary directory of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const scripts = fileURLToPath(new URL('../../../../scripts/', import.meta.url));

export class Script {
  readonly child: ChildProcess;
  /** Short, because sockets lie below it; os.tmpdir() of the script. */
  readonly temp = mkdtempSync(join(tmpdir(), 'pws-'));
  output = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #listeners = new Set<() => void>();

  constructor(name: string, env: Record<string, string> = {}, args: string[] = []) {
    chmodSync(this.temp, 0o711);
    this.child = spawn(process.execPath, [join(scripts, name), ...args], {
      env: { ...process.env, TMPDIR: this.temp, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const listener of this.#listeners) listener();
      });
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** Resolves when the output has it; rejects when the script ends without. */
  async said(pattern: RegExp): Promise<string> {
    const match = () => pattern.exec(this.output);
    if (match() === null) {
      let listener = () => {};
      const heard = new Promise<void>((resolve) => {
        listener = () => match() !== null && resolve();
        this.#listeners.add(listener);
      });
      await Promise.race([heard, this.ended]);
      this.#listeners.delete(listener);
    }
    const found = match();
    if (found === null) throw new Error(`the script ended without saying ${pattern}:\n${this.output}`);
    return found[0];
  }

  /** What it left in its temporary directory. */
  left(): string[] {
    return readdirSync(this.temp);
  }

  /** Processes whose command line or environment names the temporary directory, but for the script. */
  processes(): string[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== this.child.pid);
    return pids.flatMap((pid) => {
      const commandLine = readOrEmpty(`/proc/${pid}/cmdline`);
      // Demo parts name it on the command line; what runs in a sandbox only in its environment (HOME).
      const about = commandLine + readOrEmpty(`/proc/${pid}/environ`);
      return about.includes(this.temp) ? [`${pid} ${commandLine.replaceAll('\0', ' ')}`] : [];
    });
  }

  async dispose(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
    for (const line of this.processes()) killIfThere(Number.parseInt(line, 10));
    // What was just killed may still be writing.
    rmSync(this.temp, { recursive: true, force: true, maxRetries: 10 });
  }
}

export async function holdPort(): Promise<{ port: number; release(): Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP port');
  return {
    port: address.port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
