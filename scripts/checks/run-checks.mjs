// Runs checks, one after the other, and looks at the end for what they left behind.
// Not here: which checks (checks.mjs, ../matrix/), the summary (summary.mjs).
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../setup/say.mjs';
import { compare, takeStock } from './left-behind.mjs';

// If only a few tests fail, they run again alone, because load can cause failures. The summary names them; with
// --strict they fail the run (summary.mjs). Above this number nothing is run again.
const mostAgain = 4;

/** What a check may take where it does not say so itself. */
const usualMinutes = 30;

/** Characters of the output of a check. */
const mostKept = 4000;

/** Between a deadline and SIGKILL. */
const graceSeconds = 45;

/**
 * A check is {name, command, env?, minutes?, again?, count?}: `minutes` is its deadline, `again` the command that runs
 * once more what `count`, which reads its report, calls `rerun`. Reports are in `reports`, a directory that is made here. Resolves
 * with {name, ok, seconds, counts?} of each, and of the look for leftovers.
 */
export async function runChecks({ root, python, run, reports, checks }) {
  mkdirSync(reports, { recursive: true });
  const before = takeStock({ root, run });
  const processes = [];
  const end = (check, command) => {
    processes.push(join(reports, `processes-${processes.length}`));
    const adopt = [python, join(root, 'scripts/checks/adopt.py'), processes.at(-1)];
    const { env, minutes = usualMinutes } = check;
    const keepsOutput = check.count === undefined;
    return ended({ command: [...adopt, ...command], cwd: root, env, seconds: minutes * 60, keepsOutput });
  };
  const outcomes = [];
  for (const check of checks) outcomes.push(await runCheck(check, (command) => end(check, command)));
  const began = Date.now();
  const failures = compare(before, takeStock({ root, run }), processes);
  const counts = { passed: 0, failed: failures.length, skipped: 0, failures };
  const name = 'nothing is left behind (accounts, files, processes)';
  return [...outcomes, { name, ok: failures.length === 0, seconds: (Date.now() - began) / 1000, counts }];
}

/** In place of a check that cannot run here: it counts as skipped, with the reason. */
export function skippedCheck(name, reason) {
  const skips = [{ name, reason }];
  return { name, command: ['true'], count: () => ({ passed: 0, failed: 0, skipped: 1, skips }) };
}

async function runCheck(check, end) {
  say(`\n> ${check.name}`);
  const began = Date.now();
  let { code, late, said } = await end(check.command);
  const { rerun = [] } = check.count?.() ?? {};
  if (code !== 0 && late === undefined && rerun.length > 0 && rerun.length <= mostAgain) {
    say(`\n> once more, and alone: ${rerun.join(' ')}`);
    ({ code, late, said } = await end(check.again(rerun)));
  }
  const counts = late === undefined ? check.count?.() : withFailure(check.count?.(), late);
  return { name: check.name, ok: code === 0, seconds: (Date.now() - began) / 1000, counts, said };
}

function withFailure(counts = { passed: 0, failed: 0, skipped: 0 }, message) {
  const failures = [...(counts.failures ?? []), { name: 'its deadline', message }];
  return { ...counts, failed: counts.failed + 1, failures };
}

/** Neither Python nor Node keeps compiled files. */
const leaveNothing = { PYTHONDONTWRITEBYTECODE: '1', NODE_DISABLE_COMPILE_CACHE: '1' };

/**
 * Resolves with its exit code, null if it had none, with `late`, a sentence, if it was ended at its deadline, and with
 * `said`, the last lines of its output, if `keepsOutput`.
 */
function ended({ command: [program, ...args], cwd, env, seconds, keepsOutput }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...leaveNothing, ...env },
      stdio: keepsOutput ? ['inherit', 'pipe', 'pipe'] : 'inherit',
    });
    const said = keepsOutput ? lastLines(child) : () => undefined;
    let late;
    const timers = [
      setTimeout(() => {
        late = `It had not ended after ${seconds} s, and was ended: ${args.slice(2).join(' ')}`;
        say(late);
        child.kill('SIGTERM');
      }, seconds * 1000),
      setTimeout(() => child.kill('SIGKILL'), (seconds + graceSeconds) * 1000),
    ];
    const settle = (code) => {
      for (const timer of timers) clearTimeout(timer);
      resolve({ code: late === undefined ? code : null, late, said: said() });
    };
    child.once('error', (error) => {
      say(error.message);
      settle(null);
    });
    child.once(keepsOutput ? 'close' : 'exit', settle);
  });
}

/** Passes the output of `child` on; what it returns gives the end of it. */
function lastLines(child) {
  let kept = '';
  const pass = (stream) => (chunk) => {
    stream.write(chunk);
    kept = (kept + chunk).slice(-mostKept);
  };
  child.stdout.on('data', pass(process.stdout));
  child.stderr.on('data', pass(process.stderr));
  return () => kept.trimEnd().split('\n').slice(-10).join('\n');
}
