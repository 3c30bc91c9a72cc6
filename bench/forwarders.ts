// The cost of a forwarder: bursts of connections, small requests, large transfers, WebSocket messages, launches and
// memory, with every forwarder and compared with the same server on the host, all in one run and in alternating rounds.
// Run as root: node bench/run.mjs forwarders [PART ...]   ROUNDS=5 REQUESTS=5000 MEGABYTES=1024 SANDBOXES=10 choose
// other sizes. Parts: requests messages new transfers launches memory bursts; by default all, in about 5 minutes.
import { loadavg } from 'node:os';
import { launches, memory } from './forwarders/idle.ts';
import { removeDirectory, type Subject, startSubject, subjectNames } from './forwarders/subjects.ts';
import {
  burst,
  type Figures,
  messages,
  newConnections,
  type Seen,
  type Sizes,
  smallRequests,
  transfers,
} from './forwarders/traffic.ts';
import { median, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const sandboxes = Number(process.env.SANDBOXES ?? 10);
const sizes: Sizes = {
  requests: Number(process.env.REQUESTS ?? 5_000),
  megabytes: Number(process.env.MEGABYTES ?? 1024),
};

type Measure = (subject: Subject, sizes: Sizes) => Promise<Figures>;

/** By name, in this order: slirp4netns needs seconds to recover from a burst, so that is the last one. */
const parts: Readonly<Record<string, () => Promise<Seen>>> = {
  requests: () => alternating(smallRequests, rounds),
  messages: () => alternating(messages, rounds),
  new: () => alternating(newConnections, rounds),
  transfers: () => alternating(transfers, Math.min(rounds, 3)),
  launches: () => launches(rounds * 4),
  memory: () => memory(sandboxes),
  bursts: () => alternating(burst, Math.min(rounds, 2)),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are: ${Object.keys(parts).join(' ')}`);
  process.exit(2);
}

const subjects: Subject[] = [];
const began = performance.now();
const loadBefore = loadavg()[0] ?? Number.NaN;
try {
  for (const name of subjectNames) subjects.push(await startSubject(name));
  const rows: Record<string, string>[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const partBegan = performance.now();
    rows.push(...rowsOf(await measure()));
    console.error(`${name}: ${((performance.now() - partBegan) / 1000).toFixed(0)} s`);
  }
  report('forwarders', rows, {
    'load average before': loadBefore,
    'seconds in all': Math.round((performance.now() - began) / 1000),
  });
} finally {
  await Promise.all(subjects.map((subject) => subject.close()));
  removeDirectory();
}
process.exit();

async function alternating(measure: Measure, times: number): Promise<Seen> {
  const seen: Seen = new Map();
  for (let round = 0; round < times; round += 1) {
    for (const subject of subjects) {
      const all = seen.get(subject.name) ?? {};
      seen.set(subject.name, all);
      const figures = await measure(subject, sizes).catch((error: Error) => {
        console.error(`${subject.name}, ${measure.name}: ${error.message}`);
        return {};
      });
      for (const [what, value] of Object.entries(figures)) {
        all[what] ??= [];
        all[what].push(value);
      }
    }
  }
  return seen;
}

/** A row for each figure, a column for each subject, with the ratio to loopback where that has the figure. */
function rowsOf(seen: Seen): Record<string, string>[] {
  const whats = new Set([...seen.values()].flatMap((all) => Object.keys(all)));
  const cell = (subject: string, what: string) => {
    const values = seen.get(subject)?.[what];
    if (values === undefined) return '';
    const value = medianOf(values);
    const base = medianOf(seen.get('loopback')?.[what] ?? []);
    const isCompared = subject !== 'loopback' && !Number.isNaN(value / base) && !what.includes('answered');
    const failures = values.filter(Number.isNaN).length;
    return [
      ...(Number.isNaN(value) ? [] : [readable(value)]),
      ...(isCompared ? [`(${(value / base).toFixed(2)})`] : []),
      ...(failures === 0 ? [] : [`${failures} of ${values.length} failed`]),
    ].join(' ');
  };
  return [...whats].map((what) => ({
    'median of rounds (ratio to loopback)': what,
    ...Object.fromEntries(subjectNames.map((subject) => [subject, cell(subject, what)])),
  }));
}

function medianOf(values: readonly number[]): number {
  return median(values.filter((value) => !Number.isNaN(value)));
}

function readable(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3);
}
