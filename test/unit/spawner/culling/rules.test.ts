// The rules of idle culling as a table, and what must hold whatever the numbers are.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CullingRules, type Facts, rulesFor, verdict } from '../../../../spawner/culling/rules.ts';

const none: CullingRules = {
  ...{ idle_timeout: null, max_age: null, cull_busy: false, cull_connected: false, warning: 300 },
};
const quiet: Facts = {
  ...{ now: 10_000, startedAt: 0, activeAt: 0, busy: false, connected: false, warnedAt: 0 },
};
const hour = { idle_timeout: 3600 };

test('named servers may have rules of their own; the default server keeps the others', () => {
  const culling = { ...none, ...hour, max_age: 7200, named_servers: { idle_timeout: 60, max_age: null } };
  const code = (name: string) => verdict(rulesFor(culling, name), { ...quiet, activeAt: 9_000 })?.code;
  expect([code('lab'), code('')]).toEqual(['IDLE_CULLED', 'MAX_AGE_REACHED']);
  const same = { ...culling, named_servers: null };
  expect(rulesFor(same, 'lab')).toEqual(rulesFor(same, ''));
});

describe.each<[string, Partial<CullingRules>, Partial<Facts>, string | null]>([
  ['no rules', {}, {}, null],
  ['idle for longer than allowed', hour, {}, 'IDLE_CULLED'],
  ['active a moment ago', hour, { activeAt: 9_999 }, null],
  ['a busy kernel', hour, { busy: true }, null],
  ['a busy kernel, and cull_busy', { ...hour, cull_busy: true }, { busy: true }, 'IDLE_CULLED'],
  ['an open connection', hour, { connected: true }, null],
  ['a connection, and cull_connected', { ...hour, cull_connected: true }, { connected: true }, 'IDLE_CULLED'],
  [
    'busy and connected, of which one is told to be culled',
    { ...hour, cull_busy: true },
    { busy: true, connected: true },
    null,
  ],
  ['unknown activity', hour, { activeAt: null }, null],
  [
    'unknown activity, and told everything',
    { ...hour, cull_busy: true, cull_connected: true },
    { activeAt: null },
    null,
  ],
  ['older than allowed', { max_age: 3600 }, { activeAt: 10_000 }, 'MAX_AGE_REACHED'],
  [
    'older than allowed, busy and connected',
    { max_age: 3600 },
    { busy: true, connected: true },
    'MAX_AGE_REACHED',
  ],
  ['older than allowed, of unknown activity', { max_age: 3600 }, { activeAt: null }, 'MAX_AGE_REACHED'],
  ['younger than allowed', { max_age: 3600 }, { startedAt: 9_000 }, null],
  ['idle and old: what came first counts', { ...hour, max_age: 9_000 }, {}, 'IDLE_CULLED'],
  ['idle and old, the other way round', { ...hour, max_age: 3500 }, { activeAt: 100 }, 'MAX_AGE_REACHED'],
])('%s', (_name, rules, facts, code) => {
  test(code === null ? 'is kept' : `is ${code}`, () => {
    const found = verdict({ ...none, ...rules }, { ...quiet, ...facts });
    expect(found?.isDue ? found.code : null).toBe(code);
  });
});

test('a warning comes before the end, and the end as long after it as the rules say', () => {
  const rules = { ...none, idle_timeout: 3600, warning: 300 };
  const at = (now: number, warnedAt: number | null) => verdict(rules, { ...quiet, now, warnedAt });
  expect(at(3299, null)).toBeNull();
  expect(at(3300, null)).toMatchObject({ warnedAt: 3300, cullAt: 3600, isDue: false });
  expect(at(3600, 3300)).toMatchObject({ isDue: true });
  // nobody looked for an hour: warned first, stopped later
  expect(at(7200, null)).toMatchObject({ warnedAt: 7200, cullAt: 7500, isDue: false });
});

test('a warning takes half of a short time at most', () => {
  const rules = { ...none, idle_timeout: 60, warning: 300 };
  expect(verdict(rules, { ...quiet, now: 29, warnedAt: null })).toBeNull();
  expect(verdict(rules, { ...quiet, now: 30, warnedAt: null })).toMatchObject({ cullAt: 60 });
});

test.each([
  [45, '45 seconds'],
  [60, '60 seconds'],
  [3600, '60 minutes'],
  [5400, '90 minutes'],
  [86_400, '24 hours'],
  [604_800, '7 days'],
])('%i s is told as %s', (idle_timeout, words) => {
  const found = verdict({ ...none, idle_timeout }, { ...quiet, now: 1e6 });
  expect(found?.reason).toBe(`stopped after ${words} without activity`);
});

test('whatever the numbers: nobody is stopped before the limit, without a warning, or while unknown', () => {
  const seconds = fc.double({ min: 1, max: 1e6, noNaN: true });
  const rules = fc.record({
    idle_timeout: fc.option(seconds),
    max_age: fc.option(seconds),
    cull_busy: fc.boolean(),
    cull_connected: fc.boolean(),
    warning: fc.double({ min: 0, max: 86_400, noNaN: true }),
  });
  const facts = fc.record({
    now: fc.constant(2e6),
    startedAt: fc.double({ min: 0, max: 2e6, noNaN: true }),
    activeAt: fc.option(fc.double({ min: 0, max: 2e6, noNaN: true })),
    busy: fc.boolean(),
    connected: fc.boolean(),
    warnedAt: fc.option(fc.double({ min: 0, max: 2e6, noNaN: true })),
  });
  fc.assert(
    fc.property(rules, facts, (given, seen) => {
      const found = verdict(given, seen);
      if (!found?.isDue) return;
      const limit = found.code === 'IDLE_CULLED' ? given.idle_timeout : given.max_age;
      const since = found.code === 'IDLE_CULLED' ? seen.activeAt : seen.startedAt;
      expect(limit).not.toBeNull();
      expect(since).not.toBeNull();
      expect(seen.now - (since ?? 0)).toBeGreaterThanOrEqual((limit ?? 0) - 1e-6);
      const warning = Math.min(given.warning, (limit ?? 0) / 2);
      expect(seen.now - (seen.warnedAt ?? seen.now)).toBeGreaterThanOrEqual(warning - 1e-6);
      if (found.code === 'IDLE_CULLED') {
        expect(seen.busy && !given.cull_busy).toBe(false);
        expect(seen.connected && !given.cull_connected).toBe(false);
      }
    }),
  );
});
