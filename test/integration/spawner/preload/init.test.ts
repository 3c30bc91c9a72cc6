// portwrap-init, process 1 of a sandbox with preload: what a server could take from it.
// Not here: starting it (same.test.ts).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { nativeProgramPath } from '../../../../config/system/native-program.ts';
import { skipIf } from '../../../support/reasons.ts';

const hasStrace = spawnSync('strace', ['--version']).status === 0;

test(
  'the socket of the launcher is closed before the server runs, however late process 1 goes on after it started it',
  skipIf(!hasStrace, 'needs strace'),
  async () => {
    const late = [
      '-f',
      '-o',
      '/dev/null',
      '-e',
      'trace=clone',
      '-e',
      'inject=clone:delay_exit=1000000:when=1',
    ];
    const command = ['sh', '-c', 'ls "/proc/$PPID/fd"'];
    const init = spawn('strace', [...late, nativeProgramPath('portwrap-init'), '3', '4', ...command], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
    });
    let stdout = '';
    init.stdout?.on('data', (chunk: Buffer) => (stdout += String(chunk)));
    (init.stdio[3] as Duplex).end('go\n');
    expect(await once(init, 'close')).toEqual([0, null]);
    expect(stdout.trim().split('\n')).toEqual(['0', '1', '2', '4']);
  },
);
