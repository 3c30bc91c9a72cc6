// The first page of JupyterLab 4 in Chromium, from afar and over a slow link: with and without --compress, over
// HTTP/1.1 and HTTP/2, nginx beside it. Seconds until JupyterLab's scripts are loaded and until the launcher is shown
// (which also takes the browser's time), bytes, and CPU time of the proxy.
//   BENCH_JUPYTER=/path/of/venv/bin [BENCH_ROUNDS=3] [BENCH_RATES=10,50] [BENCH_ROUND_TRIPS=40,100]
//   [BENCH_SUBJECTS=relay,nginx] node bench/run.mjs proxy-page
import { loadavg } from 'node:os';
import type { Browser } from 'playwright-core';
import { cpuSeconds } from './process-use.ts';
import { launchChromium } from './proxy/chromium.ts';
import { startDistance } from './proxy/distance.ts';
import { startJupyterLab } from './proxy/jupyterlab.ts';
import { type Subject, startSubject } from './proxy/subjects.ts';
import { parseCase } from './proxy/variants.ts';
import { median, report } from './report.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const rates = (process.env.BENCH_RATES ?? '10,50').split(',').map(Number);
const roundTrips = (process.env.BENCH_ROUND_TRIPS ?? '40,100').split(',').map(Number);
const subjects = (process.env.BENCH_SUBJECTS ?? 'relay,nginx').split(',');
const bin = process.env.BENCH_JUPYTER ?? '';
/** Milliseconds. */
const timeout = 300_000;

interface Load {
  readonly scripts: number;
  readonly launcher: number;
  readonly megabytes: number;
  readonly cpu: number;
}

const loads = new Map<string, Load[]>();
const lab = await startJupyterLab(bin);
const browser = await launchChromium();
try {
  for (const http2 of [false, true]) {
    const started: { readonly key: string; readonly subject: Subject }[] = [];
    try {
      for (const name of subjects) {
        for (const compress of [false, true]) {
          const variant = { ...parseCase('small-1-tls').variant, http2, compress };
          const subject = await startSubject(name, lab.port, variant);
          if (subject !== undefined) started.push({ key: keyOf(http2, name, compress), subject });
        }
      }
      for (const rate of rates) {
        for (const roundTrip of roundTrips) {
          // in turns, so that a busy machine is as busy for each
          for (let round = 0; round < rounds; round++) {
            for (const { key, subject } of started) {
              const whole = keyOf(rate, roundTrip, key);
              loads.set(whole, [...(loads.get(whole) ?? []), await measured(subject, rate, roundTrip)]);
            }
          }
        }
      }
    } finally {
      for (const { subject } of started) await subject.stop();
    }
  }
} finally {
  await browser.close();
  await lab.stop();
}

async function measured(subject: Subject, rate: number, roundTrip: number): Promise<Load> {
  const distance = await startDistance(subject.port, roundTrip, rate);
  try {
    const before = cpuSeconds(subject.pids());
    const loaded = await load(browser, `https://localhost:${distance.port}${lab.path}`);
    return { ...loaded, cpu: cpuSeconds(subject.pids()) - before };
  } finally {
    distance.close();
  }
}

/** Loads the page with an empty cache. */
async function load(chromiumBrowser: Browser, url: string): Promise<Omit<Load, 'cpu'>> {
  const context = await chromiumBrowser.newContext({ ignoreHTTPSErrors: true });
  try {
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    let bytes = 0;
    let [first, last] = [Number.POSITIVE_INFINITY, 0];
    const scripts = new Set<string>();
    network.on('Network.requestWillBeSent', ({ requestId, request, timestamp }) => {
      first = Math.min(first, timestamp);
      if (request.url.includes('/static/lab/')) scripts.add(requestId);
    });
    network.on('Network.loadingFinished', ({ requestId, timestamp, encodedDataLength }) => {
      bytes += encodedDataLength;
      if (scripts.has(requestId)) last = Math.max(last, timestamp);
    });
    await network.send('Network.enable');
    const began = performance.now();
    await page.goto(url, { waitUntil: 'commit', timeout });
    await page.locator('.jp-LauncherCard').first().waitFor({ timeout });
    const launcher = (performance.now() - began) / 1000;
    return { scripts: last - first, launcher, megabytes: bytes / 1e6 };
  } finally {
    await context.close();
  }
}

function keyOf(...parts: readonly (string | number | boolean)[]): string {
  return parts.join();
}

const rows = rates.flatMap((rate) =>
  roundTrips.flatMap((roundTrip) =>
    [false, true].flatMap((http2) =>
      subjects.flatMap((name) => {
        const plain = loads.get(keyOf(rate, roundTrip, http2, name, false));
        const compressed = loads.get(keyOf(rate, roundTrip, http2, name, true));
        if (plain === undefined || compressed === undefined) return [];
        const of = (some: readonly Load[], value: keyof Load): number =>
          median(some.map((one) => one[value]));
        return {
          'Mbit/s': rate,
          'round trip ms': roundTrip,
          version: http2 ? 'HTTP/2' : 'HTTP/1.1',
          proxy: name,
          'scripts s': of(plain, 'scripts'),
          'compressed ': of(compressed, 'scripts'),
          'x faster': of(plain, 'scripts') / of(compressed, 'scripts'),
          'launcher s': of(plain, 'launcher'),
          'compressed  ': of(compressed, 'launcher'),
          MB: of(plain, 'megabytes'),
          'compressed   ': of(compressed, 'megabytes'),
          'CPU s': of(plain, 'cpu'),
          'compressed    ': of(compressed, 'cpu'),
        };
      }),
    ),
  ),
);
report('proxy-page', rows, { rounds, 'load average': loadavg()[0] ?? 0 });
