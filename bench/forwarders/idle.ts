// What a sandbox costs without traffic: its launch and its memory, with each forwarder, for a policy that needs no way
// out and for one that does. Not here: the traffic (traffic.ts).
import { readFileSync } from 'node:fs';
import { forwarderNames, type Sandbox } from '../../portwrap/index.ts';
import { connected, isolated, processesOf, startSandbox } from './subjects.ts';
import type { Seen } from './traffic.ts';

const payload = ['sleep', '100000'];
const policies = [
  ['without internet', isolated],
  ['with internet', connected],
] as const;

/** By forwarder; all launches in alternating rounds. */
export async function launches(rounds: number): Promise<Seen> {
  const all = forwarderNames.flatMap((name) =>
    policies.map(([kind, policy]) => ({ name, kind, policy, times: [] as number[] })),
  );
  // the first round warms up
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, policy, times } of all) {
      const began = performance.now();
      const sandbox = await startSandbox(name, payload, policy);
      if (round > 0) times.push(performance.now() - began);
      await sandbox.stop(0);
    }
  }
  return byForwarder(all.map(({ name, kind, times }) => [name, `launch ${kind}, ms`, times]));
}

/** By forwarder: PSS for each of `count` idle sandboxes, with bwrap and a payload that sleeps. */
export async function memory(count: number): Promise<Seen> {
  const figures: [string, string, number[]][] = [];
  for (const name of forwarderNames) {
    for (const [kind, policy] of policies) {
      const sandboxes: Sandbox[] = [];
      try {
        while (sandboxes.length < count) sandboxes.push(await startSandbox(name, payload, policy));
        const kilobytes = sandboxes.flatMap(processesOf).reduce((sum, pid) => sum + proportional(pid), 0);
        figures.push([name, `memory of a sandbox ${kind}, MB`, [kilobytes / 1024 / count]]);
      } finally {
        await Promise.all(sandboxes.map((sandbox) => sandbox.stop(0)));
      }
    }
  }
  return byForwarder(figures);
}

/** Kilobytes; pages that processes share are divided among them (proc(5), smaps_rollup). */
function proportional(pid: number): number {
  return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

function byForwarder(figures: readonly [string, string, number[]][]): Seen {
  const seen: Seen = new Map();
  for (const [name, what, values] of figures) seen.set(name, { ...seen.get(name), [what]: values });
  return seen;
}
