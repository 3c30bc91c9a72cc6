// The overhead of the `portwrap` command before and after its command, and the start of the other programs: compared
// with bare node, and with the original Python portwrap when one is on PATH under the name portwrap.py.
// Run: node bench/run.mjs cli   Needs a build (npm run build).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { median, percentile, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 25);
// what is installed: of portwrap the build makes one file
const mainOf = (part: string) => new URL(`../../dist/${part}/main.js`, import.meta.url).pathname;
const main = mainOf('portwrap');
const account = process.getuid?.() === 0 ? ['--user', process.env.BENCH_USER ?? 'nobody'] : [];

const contenders: Record<string, readonly string[]> = {
  'node -e 0': [process.execPath, '-e', '0'],
  'portwrap --version': [process.execPath, main, '--version'],
  'portwrap-proxy --version': [process.execPath, mainOf('proxy'), '--version'],
  'portwrap-spawner --version': [process.execPath, mainOf('spawner'), '--version'],
  'portwrap … true': [process.execPath, main, '-p', '19001', '-P', '8888', ...account, 'true'],
  // until the first byte of the command: the delay of its start
  'portwrap … echo': [process.execPath, main, '-p', '19001', '-P', '8888', ...account, 'echo'],
};
if (spawnSync('sh', ['-c', 'command -v portwrap.py']).status === 0) {
  contenders['the original … true'] = ['portwrap.py', '-p', '19002', '-P', '8888', 'true'];
}

const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = -1; round < rounds; round += 1) {
  for (const [name, [program = '', ...argv]] of Object.entries(contenders)) {
    const began = performance.now();
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' });
    const exit = once(child, 'exit');
    if (name.endsWith('echo')) await once(child.stdout, 'data');
    else await exit;
    const took = performance.now() - began;
    const [code] = (await exit) as [number];
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
    if (round >= 0) times.get(name)?.push(took); // the first one warms the caches
  }
}

// from start to end, but for echo
const bare = median(times.get('node -e 0') ?? []);
report(
  'cli',
  [...times].map(([name, values]) => ({
    command: name,
    'median ms': median(values),
    'p95 ms': percentile(values, 95),
    'x node -e 0': median(values) / bare,
  })),
);
