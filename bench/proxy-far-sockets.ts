// WebSockets of a page in Chromium that is 40 ms away, over HTTP/1.1 and over HTTP/2: milliseconds until the first echo,
// and until each of ten has one. The page is open: what is measured is new WebSocket() to its first message.
//   [BENCH_ROUNDS=7] [BENCH_ROUND_TRIPS=0,40,100] node bench/run.mjs proxy-far-sockets
import { loadavg } from 'node:os';
import type { Browser } from 'playwright-core';
import { launchChromium } from './proxy/chromium.ts';
import { startDistance } from './proxy/distance.ts';
import { startEcho } from './proxy/echo.ts';
import { startSubject } from './proxy/subjects.ts';
import { parseCase } from './proxy/variants.ts';
import { median, report } from './report.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 7);
const roundTrips = (process.env.BENCH_ROUND_TRIPS ?? '0,40,100').split(',').map(Number);
const counts = [1, 10];

/** In the page: milliseconds until this many WebSockets have their first echo. */
const open = (count: number): string => `(async () => {
  const began = performance.now();
  const one = () => new Promise((resolve, reject) => {
    const ws = new WebSocket('wss://' + location.host + '/ws');
    ws.onopen = () => ws.send('hello');
    ws.onmessage = () => resolve(ws);
    ws.onerror = () => reject(new Error('no WebSocket'));
  });
  const all = await Promise.all(Array.from({ length: ${count} }, one));
  const milliseconds = performance.now() - began;
  for (const ws of all) ws.close();
  return milliseconds;
})()`;

const times = new Map<string, number[]>();
const upstream = await startEcho(true);
const browser = await launchChromium();
try {
  for (const http2WebSockets of [false, true]) {
    const variant = { ...parseCase('small-1-tls').variant, http2: true, http2WebSockets };
    const subject = await startSubject('relay', upstream.port, variant);
    if (subject === undefined) throw new Error('the proxy did not start');
    try {
      for (const roundTrip of roundTrips) {
        const distance = await startDistance(subject.port, roundTrip);
        for (const count of counts) {
          for (let round = 0; round < rounds; round++) {
            const key = [http2WebSockets, roundTrip, count].join();
            const milliseconds = await measured(browser, distance.port, count);
            times.set(key, [...(times.get(key) ?? []), milliseconds]);
          }
        }
        distance.close();
      }
    } finally {
      await subject.stop();
    }
  }
} finally {
  await browser.close();
  upstream.close();
}

/** In a context of its own, so that no connection is left from the last time. */
async function measured(chromiumBrowser: Browser, port: number, count: number): Promise<number> {
  const context = await chromiumBrowser.newContext({ ignoreHTTPSErrors: true });
  try {
    const page = await context.newPage();
    await page.goto(`https://localhost:${port}/page`);
    return await page.evaluate<number>(open(count));
  } finally {
    await context.close();
  }
}

const rows = roundTrips.flatMap((roundTrip) =>
  counts.map((count) => {
    const of = (http2WebSockets: boolean) =>
      median(times.get([http2WebSockets, roundTrip, count].join()) ?? []);
    return {
      'round trip ms': roundTrip,
      WebSockets: count,
      'HTTP/1.1, ms': of(false),
      'HTTP/2, ms': of(true),
      'x faster': of(false) / of(true),
    };
  }),
);
report('proxy-far-sockets', rows, { rounds, 'load average': loadavg()[0] ?? 0 });
