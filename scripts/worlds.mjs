// npm run test:worlds [-- NAME...]: the launch tests on every kind of machine that can be made here (worlds/).
// usage: node scripts/worlds.mjs [--report FILE] [NAME...] [-- TEST FILE...]
// Ends with a table, and with 1 when a test has failed in any of them. Needs root, and the setup of npm test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countVitest } from './checks/vitest-report.mjs';
import { ensureBuild } from './setup/build.mjs';
import { main, Refusal, say } from './setup/say.mjs';
import { runWorld } from './worlds/run-world.mjs';
import { worlds } from './worlds/worlds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

await main(async () => {
  const { names, files, report } = parse(process.argv.slice(2));
  if (process.getuid() !== 0)
    throw new Refusal('Worlds are made of mounts and namespaces: run this as root.');
  await ensureBuild(root);
  const scratch = mkdtempSync(join(tmpdir(), 'portwrap-worlds-'));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());
  const rows = [];
  try {
    for (const world of choose(names)) {
      if (interrupted.signal.aborted) return 130;
      say(`\n> ${world.name}: ${world.title}`);
      const began = Date.now();
      const path = report ?? join(scratch, `${world.name}.json`);
      const ok = await runWorld({ root, world, report: path, files, say, abort: interrupted.signal });
      rows.push({ name: world.name, ok, counts: countVitest(path), seconds: (Date.now() - began) / 1000 });
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  say(`\n${table(rows)}`);
  return rows.every(({ ok }) => ok) ? 0 : 1;
});

function parse(argv) {
  const cut = argv.indexOf('--');
  const before = cut < 0 ? argv : argv.slice(0, cut);
  const files = cut < 0 ? undefined : argv.slice(cut + 1);
  const at = before.indexOf('--report');
  if (at < 0) return { names: before, files, report: undefined };
  return { names: before.toSpliced(at, 2), files, report: before[at + 1] };
}

function choose(names) {
  const unknown = names.filter((name) => !worlds.some((world) => world.name === name));
  if (unknown.length > 0) {
    const known = worlds.map(({ name }) => name).join(', ');
    throw new Refusal(`There is no world "${unknown.join(', ')}". There are: ${known}.`);
  }
  return names.length === 0 ? worlds : worlds.filter(({ name }) => names.includes(name));
}

function table(rows) {
  const line = (...cells) =>
    `${cells[0].padEnd(20)}${cells
      .slice(1)
      .map((cell) => `${cell}`.padStart(9))
      .join('')}`;
  const body = rows.map(
    ({ name, ok, counts, seconds }) =>
      `${line(name, counts.passed, counts.failed, counts.skipped, seconds.toFixed(1))}${ok ? '' : '  FAILED'}`,
  );
  return [line('world', 'passed', 'failed', 'skipped', 'seconds'), ...body].join('\n');
}
