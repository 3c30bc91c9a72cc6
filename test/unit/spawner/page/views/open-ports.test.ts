// When servers are looked at for the list of the admin page.
import { expect, test } from 'vitest';
import { keepOpenPorts } from '../../../../../spawner/page/views/open-ports.ts';
import type { ServerRecord } from '../../../../../spawner/records/record.ts';

const record = (id: string) => ({ id, sandbox: {} }) as ServerRecord;

test('a request never waits: a server is looked at afterwards, one after the other, and again after 30 seconds', async () => {
  let time = 0;
  let underWay = 0;
  const looks: string[] = [];
  const ports = keepOpenPorts(
    async ({ id }) => {
      looks.push(id);
      expect(underWay).toBe(0);
      underWay += 1;
      await new Promise(setImmediate);
      underWay -= 1;
      return [looks.length];
    },
    () => time,
  );
  expect(['a', 'b', 'a'].map((id) => ports.of(record(id)))).toEqual([null, null, null]);
  await expect.poll(() => ports.of(record('b'))).toEqual([2]);
  expect([ports.of(record('a')), looks]).toEqual([[1], ['a', 'b']]);
  time = 30_000;
  expect(ports.of(record('a'))).toEqual([1]);
  await expect.poll(() => ports.of(record('a'))).toEqual([3]);
  expect(looks).toEqual(['a', 'b', 'a']);
});
