// Starts the server behind the proxies (upstream.ts) as a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pinned } from './subjects.ts';

export async function startUpstream(): Promise<{ port: number; stop(): void }> {
  const command = pinned(1, [process.execPath, join(import.meta.dirname, 'upstream.js')]);
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { port: Number(String(line)), stop: () => child.kill('SIGKILL') };
}
