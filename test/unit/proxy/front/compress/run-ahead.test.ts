import { expect, test } from 'vitest';
import { createRunAhead } from '../../../../../proxy/front/compress/run-ahead.ts';

const mebibyte = 1024 * 1024;

test('a response may be 1 MiB ahead of its client, and goes on at half of it', () => {
  const ahead = createRunAhead().open();
  ahead.add(mebibyte - 1);
  expect(ahead.isFull).toBe(false);
  ahead.add(1);
  expect([ahead.isFull, ahead.hasRoom]).toEqual([true, false]);
  ahead.remove(mebibyte / 2);
  expect(ahead.hasRoom).toBe(true);
});

test('together they may be 32 MiB ahead; then each has 32 KiB, until one is closed', () => {
  const runAhead = createRunAhead();
  const many = Array.from({ length: 32 }, () => runAhead.open());
  for (const ahead of many) ahead.add(mebibyte);
  const late = runAhead.open();
  late.add(32 * 1024);
  expect(late.isFull).toBe(true);
  many[0]?.close();
  many[0]?.remove(mebibyte);
  expect(late.isFull).toBe(false);
  for (const ahead of many) ahead.close();
  late.add(mebibyte);
  expect(late.isFull).toBe(true);
});
