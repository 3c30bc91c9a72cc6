import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitPath } from '../../../../proxy/routes/public-path.ts';
import { createRouteTable } from '../../../../proxy/routes/table.ts';

const data = { target: 'http://127.0.0.1:1' };

test.each([
  ['/user/a/x', '/user/a'],
  ['/user/a', '/user/a'],
  ['/user/ab', '/'],
  ['/user', '/'],
  ['/', '/'],
  ['/hub/user/a', '/hub'],
])('%s leads to the route %s', (path, expected) => {
  const table = createRouteTable(Date.now);
  for (const route of ['/', '/user/a', '/hub']) table.add(route, data);
  expect(table.match(splitPath(path))?.path).toBe(expected);
});

test.each(['constructor', '__proto__', 'hasOwnProperty', 'toString'])(
  'a user called %s is a user like any other',
  (name) => {
    const table = createRouteTable(Date.now);
    table.add('/', data);
    expect(table.match([name, 'x'])?.path).toBe('/');
    table.add(`/user/${name}`, data);
    expect(table.match(['user', name])?.path).toBe(`/user/${name}`);
    expect(table.remove(`/user/${name}`)).toBe(true);
    expect(table.match(['user', name])?.path).toBe('/');
  },
);

test('without a route for / there may be no route', () => {
  const table = createRouteTable(Date.now);
  table.add('/a', data);
  expect(table.match(['b'])).toBeUndefined();
  expect(table.match([])).toBeUndefined();
});

test('with host routing the host is compared in lower case and is known to the route', () => {
  const table = createRouteTable(Date.now, true);
  const route = table.add('/Host.Example/user/A', data);
  expect(route.path).toBe('/host.example/user/A');
  expect(route.data).toEqual({ ...data, host: 'host.example' });
  expect(table.match(['host.example', 'user', 'A', 'x'])).toBe(route);
  expect(route.depth).toBe(2);
});

test('changes are told to those who watch, and not after they stopped', () => {
  const table = createRouteTable(() => 7);
  const told: string[] = [];
  const stop = table.watch((change) => told.push(`${change.kind} ${change.route.path}`));
  table.add('/a', data);
  table.remove('/a/');
  table.remove('/a');
  stop();
  table.add('/b', data);
  expect(told).toEqual(['added /a', 'removed /a']);
});

test('any sequence of additions and removals matches as a linear scan does', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', '', '__proto__');
  const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const step = fc.record({ add: fc.boolean(), path });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), path, (steps, asked) => {
      const table = createRouteTable(Date.now);
      const model = new Set<string>();
      for (const { add, path } of steps) {
        const key = `/${splitPath(path).join('/')}`;
        if (add) {
          table.add(path, data);
          model.add(key);
        } else {
          expect(table.remove(path)).toBe(model.delete(key));
        }
      }
      expect([...table.routes()].map((route) => route.path).sort()).toEqual([...model].sort());
      const segments = splitPath(asked);
      const scan = [...model]
        .filter((key) => splitPath(key).every((part, at) => segments[at] === part))
        .sort((a, b) => splitPath(b).length - splitPath(a).length)[0];
      expect(table.match(segments)?.path).toBe(scan);
    }),
  );
});
