// What is told of a machine that is not as it should be. Not here: making one (test/integration/spawner/strange-host).
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import type { Logger } from '../../../../config/logger.ts';
import { type HealthReason, type Look, watchHealth } from '../../../../spawner/health/health.ts';
import {
  healthAnswer,
  healthErrorSchema,
  healthSchema,
  healthText,
} from '../../../../spawner/http/health-answer.ts';

const nuisance: HealthReason = {
  ...{ code: 'TERMINALS_UNAVAILABLE', message: 'no terminal', hint: 'Mount it.', endsStarts: false },
};
const failure = new PortwrapError('STORAGE_FAILED', 'no room', { hint: 'Make some.' });

function watching(looks: Record<string, Look['look']>, late = nuisance) {
  const said: string[] = [];
  const note = (level: string) => (entry: { reason?: string; of: string }) =>
    said.push(`${level} ${entry.reason ?? `${entry.of} is well`}`);
  const log = { warn: note('warn'), error: note('error'), info: note('info') } as unknown as Logger;
  const all = Object.fromEntries(Object.entries(looks).map(([name, look]) => [name, { look, late }]));
  return { said, ...watchHealth({ looks: all, log, interval: 1_000_000 }) };
}

test('nothing is wrong: ok', async () => {
  const { report, said, close } = watching({ disk: async () => [] });
  expect(healthAnswer(await report())).toEqual({ status: 200, body: { status: 'ok', reasons: [] } });
  expect(said).toEqual([]);
  close();
});

test('something is wrong and servers are started: degraded, which is no failure for a monitor', async () => {
  const { report, close } = watching({ disk: async () => [], terminals: async () => [nuisance] });
  const { status, body } = healthAnswer(await report());
  expect(status).toBe(200);
  expect(healthSchema.parse(body)).toMatchObject({
    status: 'degraded',
    reasons: [{ message: 'no terminal' }],
  });
  close();
});

test('no server can be started: failing, an error of that reason, which comes first', async () => {
  const { report, close } = watching({
    terminals: async () => [nuisance],
    disk: () => Promise.reject(failure),
  });
  const { status, body } = healthAnswer(await report());
  expect(status).toBe(503);
  expect(healthErrorSchema.parse(body)).toMatchObject({ code: 'STORAGE_FAILED', status: 'failing' });
  expect(body.reasons?.map(({ message }) => message)).toEqual(['no room', 'no terminal']);
  expect(healthText(await report())).toBe(
    'failing\nSTORAGE_FAILED: no room. Make some.\nTERMINALS_UNAVAILABLE: no terminal. Mount it.\n',
  );
  close();
});

test('a look that never ends makes nobody wait for ever, and is not made twice at a time', async () => {
  let looks = 0;
  const hang = () => {
    looks += 1;
    return new Promise<never>(() => {});
  };
  const { report, close } = watching(
    { 'state directory': hang },
    { ...nuisance, message: 'no answer', endsStarts: true },
  );
  for (let round = 0; round < 2; round += 1) {
    const { status, reasons } = await report();
    expect(status).toBe('failing');
    expect(reasons[0]?.message).toBe('no answer');
  }
  expect(looks).toBe(1);
  close();
}, 30_000);

test('what comes and what goes is logged once', async () => {
  let isBroken = true;
  const { report, said, close } = watching({
    disk: () => (isBroken ? Promise.reject(failure) : Promise.resolve([])),
  });
  await expect.poll(async () => (await report()).status, { timeout: 10_000 }).toBe('failing');
  isBroken = false;
  await expect.poll(async () => (await report()).status, { timeout: 10_000 }).toBe('ok');
  expect(said).toEqual(['error no room', 'info disk is well']);
  close();
}, 30_000);
