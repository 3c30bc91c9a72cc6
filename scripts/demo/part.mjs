// One program of the demo: started with its output in a log file, ready when it responds, ended by signals.
// Not here: the programs (parts.mjs), restarts (demo.mjs).
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { Refusal } from '../setup/say.mjs';

const pauseBetweenConnects = 50;
const mayTakeToEnd = 10_000;

export class Part {
  /** `answers` has a URL and request headers; the response is 200 once the program is ready. */
  constructor({ name, command, env = {}, cwd, log, answers }) {
    Object.assign(this, { name, command, env, cwd, log, answers });
    this.child = null;
    this.exit = null;
    this.everAnswered = false;
  }

  get running() {
    return this.child !== null && this.exit === null;
  }

  /** Resolves when it responds; throws a Refusal with the end of its log if it ends before. */
  async start() {
    const output = openSync(this.log, 'a', 0o600);
    const [program, ...args] = this.command;
    this.exit = null;
    // In its own process group: Ctrl-C reaches only us, and we end the programs in order.
    this.child = spawn(program, args, {
      cwd: this.cwd,
      env: { ...process.env, ...this.env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    this.ended = new Promise((resolve) => {
      const end = (outcome) => {
        this.exit = outcome;
        resolve(outcome);
      };
      this.child.once('error', (error) => end(error.message));
      this.child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    while (!(await this.#isAnswering())) {
      if (this.exit !== null) throw new Refusal(this.obituary());
      await Promise.race([this.ended, pause()]);
    }
    this.everAnswered = true;
  }

  async #isAnswering() {
    try {
      const answer = await fetch(this.answers.url, {
        headers: this.answers.headers ?? {},
        signal: AbortSignal.timeout(2000),
        redirect: 'manual',
      });
      await answer.body?.cancel();
      return answer.status === 200 && this.exit === null;
    } catch {
      return false;
    }
  }

  /** Sends SIGTERM, and SIGKILL if it does not end in time. */
  async stop() {
    if (!this.running) return;
    const patience = setTimeout(() => this.kill(), mayTakeToEnd);
    this.child.kill('SIGTERM');
    await this.ended;
    clearTimeout(patience);
  }

  kill() {
    if (this.running) process.kill(-this.child.pid, 'SIGKILL');
  }

  obituary() {
    const lines = readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-20);
    return [`${this.name} ended (${this.exit}). The end of its log, ${this.log}:`, '', ...lines].join('\n');
  }
}

/** No event signals that a port is open: connect again after each refused attempt and this pause. */
function pause() {
  return new Promise((resolve) => {
    setTimeout(resolve, pauseBetweenConnects);
  });
}
