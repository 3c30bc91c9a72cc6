// What looks at a server add up to: sources of activity, clocks that are set, restarts.
import { describe, expect, test } from 'vitest';
import { firstNote, type Look, look, type Seen, viewOf } from '../../../../spawner/culling/activity.ts';
import type { Note } from '../../../../spawner/culling/activity-store.ts';
import type { Clock } from '../../../../spawner/culling/clock.ts';
import type { Answer } from '../../../../spawner/culling/jupyter.ts';
import { notUsed } from '../../../../spawner/culling/link-use.ts';
import type { CullingRules } from '../../../../spawner/culling/rules.ts';

const rules: CullingRules = {
  ...{ idle_timeout: 3600, max_age: null, cull_busy: false, cull_connected: false, warning: 0 },
};
const hour = 3600;

/** A server that is looked at, and a machine whose clock can be set. */
function createScene(from?: Note) {
  let seconds = 1000;
  let wall = Date.parse('2026-01-01T00:00:00Z');
  const clock: Clock = { monotonic: () => seconds, wall: () => wall };
  let note = from ?? firstNote(seconds);
  const scene = {
    clock,
    note: () => note,
    /** The time on the wall, as a server writes it down. */
    now: () => new Date(wall).toISOString(),
    pass(more: number) {
      seconds += more;
      wall += more * 1000;
    },
    setClock(by: number) {
      wall += by * 1000;
    },
    look(seen: Partial<Seen> & { answer: Answer }, changed: Partial<CullingRules> = {}): Look {
      const found = look(
        note,
        { route: null, isRouted: false, links: notUsed, ...seen },
        { ...rules, ...changed },
        clock,
      );
      note = found.note;
      return found;
    },
  };
  return scene;
}

const jupyter = (lastActivity: string, activity: Partial<Look['activity']> = {}): Answer => ({
  kind: 'jupyter',
  lastActivity,
  activity: { kernels: 1, busy: 0, terminals: 0, connections: 0, ...activity },
});
const other: Answer = { kind: 'other' };
const unknown: Answer = { kind: 'unknown', reason: 'it does not answer' };
const isCulled = (found: Look) => found.verdict?.isDue === true;

describe('a Jupyter server', () => {
  test('is culled when its own last activity is long ago, and not before', () => {
    const scene = createScene();
    const last = scene.now();
    scene.look({ answer: jupyter(last) });
    scene.pass(hour - 1);
    expect(isCulled(scene.look({ answer: jupyter(last) }))).toBe(false);
    scene.pass(1);
    expect(isCulled(scene.look({ answer: jupyter(last) }))).toBe(true);
  });

  test('that was busy or connected counts as active until that ended', () => {
    for (const held of [{ busy: 1 }, { connections: 1 }]) {
      const scene = createScene();
      const last = scene.now();
      scene.pass(2 * hour);
      expect(isCulled(scene.look({ answer: jupyter(last, held) }))).toBe(false);
      scene.pass(60);
      expect(isCulled(scene.look({ answer: jupyter(last) }))).toBe(false);
      scene.pass(hour);
      expect(isCulled(scene.look({ answer: jupyter(last) }))).toBe(true);
    }
  });

  test('with an open tab is kept by the traffic of its route, unless connections do not count', () => {
    const scene = createScene();
    const last = scene.now();
    scene.look({ answer: jupyter(last), route: last, isRouted: true });
    scene.pass(2 * hour);
    const open = { answer: jupyter(last), route: scene.now(), isRouted: true };
    expect(isCulled(scene.look(open))).toBe(false);
    expect(isCulled(scene.look(open, { cull_connected: true }))).toBe(true);
  });

  test('is kept while the proxy, which should know its route, is away', () => {
    const scene = createScene();
    const last = scene.now();
    scene.look({ answer: jupyter(last), route: last, isRouted: true });
    scene.pass(2 * hour);
    expect(isCulled(scene.look({ answer: jupyter(last), route: null, isRouted: true }))).toBe(false);
  });

  test('that does not answer any more, or as something else, is kept', () => {
    const scene = createScene();
    const last = scene.now();
    scene.look({ answer: jupyter(last), route: last, isRouted: true });
    scene.pass(2 * hour);
    expect(isCulled(scene.look({ answer: unknown, route: last, isRouted: true }))).toBe(false);
    expect(isCulled(scene.look({ answer: other, route: last, isRouted: true }))).toBe(false);
  });
});

describe('a server that is something else', () => {
  test('is culled by the traffic of its route', () => {
    const scene = createScene();
    const last = scene.now();
    scene.look({ answer: other, route: last, isRouted: true });
    scene.pass(hour);
    expect(isCulled(scene.look({ answer: other, route: last, isRouted: true }))).toBe(true);
    expect(isCulled(scene.look({ answer: other, route: scene.now(), isRouted: true }))).toBe(false);
  });

  test('is kept when nobody knows its traffic', () => {
    const scene = createScene();
    scene.look({ answer: other });
    scene.pass(10 * hour);
    expect(isCulled(scene.look({ answer: other }))).toBe(false);
  });
});

describe('the clock on the wall', () => {
  test.each([
    ['a year forward', 365 * 24 * hour],
    ['a year back', -365 * 24 * hour],
  ])('set %s culls nobody who is active, and delays nobody who is not', (_name, by) => {
    const scene = createScene();
    const before = scene.now();
    scene.look({ answer: jupyter(before) });
    scene.pass(60);
    const used = scene.now(); // used after the look, before the clock was set
    scene.setClock(by);
    expect(isCulled(scene.look({ answer: jupyter(used) }))).toBe(false);
    scene.pass(60);
    const again = scene.now();
    expect(isCulled(scene.look({ answer: jupyter(again) }))).toBe(false);
    scene.pass(hour - 1);
    expect(isCulled(scene.look({ answer: jupyter(again) }))).toBe(false);
    scene.pass(61);
    expect(isCulled(scene.look({ answer: jupyter(again) }))).toBe(true);
  });

  test('set while the service was away culls nobody, with or without the notes of the service before', () => {
    const before = createScene();
    const last = before.now();
    before.look({ answer: jupyter(last) });
    before.pass(60);
    for (const note of [before.note(), undefined]) {
      const after = createScene(note);
      after.setClock(100 * hour);
      expect(isCulled(after.look({ answer: jupyter(last) }))).toBe(false);
    }
  });
});

test('the view has the latest activity of all sources, and the end on the clock of people', () => {
  const scene = createScene();
  const first = scene.now();
  scene.pass(10);
  const second = scene.now();
  scene.pass(10);
  const seen = { answer: jupyter(first), route: second, isRouted: true };
  const found = scene.look(seen, { idle_timeout: 40, warning: 40 });
  expect(viewOf(found, scene.clock)).toEqual({
    last_activity: second,
    activity: { kernels: 1, busy: 0, terminals: 0, connections: 0 },
    cull_at: null,
    cull_reason: null,
  });
  scene.pass(15);
  expect(viewOf(scene.look(seen, { idle_timeout: 40, warning: 40 }), scene.clock)).toMatchObject({
    cull_at: new Date(Date.parse(scene.now()) + 20_000).toISOString(),
    cull_reason: 'stopped after 40 seconds without activity',
  });
});

describe('ports that are opened by links', () => {
  test('keep a server active while a connection is open, unless connections do not count', () => {
    for (const answer of ['jupyter', 'other'] as const) {
      for (const cull_connected of [false, true]) {
        const scene = createScene();
        const last = scene.now();
        const seen = () => ({
          answer: answer === 'other' ? other : jupyter(last),
          route: last,
          isRouted: true,
        });
        scene.look(seen());
        scene.pass(2 * hour);
        const links = { usedAt: null, connections: 1 };
        expect(isCulled(scene.look({ ...seen(), links }, { cull_connected }))).toBe(cull_connected);
      }
    }
  });

  test('keep a server active when they were used, also where connections do not count', () => {
    const scene = createScene();
    const last = scene.now();
    scene.look({ answer: jupyter(last) });
    scene.pass(2 * hour);
    const links = { usedAt: scene.clock.monotonic() - 60, connections: 0 };
    expect(isCulled(scene.look({ answer: jupyter(last), links }, { cull_connected: true }))).toBe(false);
    scene.pass(hour - 61);
    expect(isCulled(scene.look({ answer: jupyter(last) }))).toBe(false); // also after a restart of the service
    scene.pass(1);
    expect(isCulled(scene.look({ answer: jupyter(last), links }))).toBe(true);
  });
});
