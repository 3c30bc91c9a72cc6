// A user's server with programs in it: started by cells of a kernel, as users do.
// Not here: the hub and its users (test/support/hub).
import { vi } from 'vitest';
import type { HubUser, KernelSession } from '../support/hub/hub-user.ts';

export interface Program {
  /** A Python expression: the argv. `sys.executable` is the Python with all packages. */
  readonly argv: string;
  /** Files in the home directory, by their names. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Starts it beside the kernel; its output is in program.log of the home directory. */
export async function runProgram(kernel: KernelSession, { argv, files = {} }: Program): Promise<void> {
  await kernel.run(`
import json, os, subprocess, sys
for name, text in json.loads(${JSON.stringify(JSON.stringify(files))}).items():
    with open(name, "w") as file:
        file.write(text)
subprocess.Popen(${argv}, stdin=subprocess.DEVNULL, stdout=open("program.log", "w"), stderr=subprocess.STDOUT)
`);
}

/** Resolves when the path is answered with 200; the program may have a minute or two to start on a busy machine. */
export async function answered(user: HubUser, path: string): Promise<string> {
  return vi.waitUntil(
    async () => {
      const bounds = { redirect: 'manual', signal: AbortSignal.timeout(60_000) } as const;
      const response = await user.fetch(path, bounds).catch(() => undefined);
      const text = await response?.text().catch(() => undefined);
      return response?.status === 200 ? text : undefined;
    },
    { timeout: 300_000, interval: 250 },
  );
}
