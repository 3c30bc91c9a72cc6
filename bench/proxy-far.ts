// Uploads and downloads of clients that are far away, over HTTP/1.1 and HTTP/2, through our proxy and nginx. The
// distance is made by a relay that delays every byte (proxy/distance.ts).
//   [BENCH_ROUNDS=3] [BENCH_MEGABYTES=10] [BENCH_ROUND_TRIPS=40,100] node bench/run.mjs proxy-far
import { startDistance } from './proxy/distance.ts';
import { startUpstream } from './proxy/start-upstream.ts';
import { startSubject } from './proxy/subjects.ts';
import { type Direction, transfer } from './proxy/transfer.ts';
import { parseCase } from './proxy/variants.ts';
import { median, report } from './report.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const bytes = Number(process.env.BENCH_MEGABYTES ?? 10) * 1024 * 1024;
const roundTrips = (process.env.BENCH_ROUND_TRIPS ?? '40,100').split(',').map(Number);
const subjects = (process.env.BENCH_SUBJECTS ?? 'relay,nginx').split(',');
const versions = ['HTTP/1.1', 'HTTP/2'] as const;
const directions: readonly Direction[] = ['up', 'down'];

const seconds = new Map<string, number[]>();
const upstream = await startUpstream();
try {
  for (const name of subjects) {
    const subject = await startSubject(name, upstream.port, {
      ...parseCase('small-1-tls').variant,
      http2: true,
    });
    if (subject === undefined) continue;
    try {
      for (const roundTrip of roundTrips) {
        const distance = await startDistance(subject.port, roundTrip);
        for (let round = 0; round < rounds; round++) {
          for (const version of versions) {
            for (const direction of directions) {
              const key = [roundTrip, direction, version, name].join();
              const took = await transfer(version, direction, distance.port, bytes);
              seconds.set(key, [...(seconds.get(key) ?? []), took]);
            }
          }
        }
        distance.close();
      }
    } finally {
      await subject.stop();
    }
  }
} finally {
  upstream.stop();
}

const of = (...key: readonly (string | number)[]): number => median(seconds.get(key.join()) ?? []);
const rows = roundTrips.flatMap((roundTrip) =>
  directions.flatMap((direction) =>
    versions.flatMap((version) =>
      subjects.map((name) => ({
        'round trip ms': roundTrip,
        direction,
        version,
        proxy: name,
        seconds: of(roundTrip, direction, version, name),
        'x nginx, same version':
          of(roundTrip, direction, version, name) / of(roundTrip, direction, version, 'nginx'),
      })),
    ),
  ),
);
report('proxy-far', rows, { rounds, bytes });
