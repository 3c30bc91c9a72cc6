// The table of descriptors: each is handed over in its place, and can be named by a shell.
import { expect, test } from 'vitest';
import {
  closeAllBut,
  type DescriptorName,
  descriptors,
  inheritedStdio,
  syntheticDescriptor,
} from '../../../../portwrap/launch/descriptors.ts';

const names = Object.keys(descriptors) as DescriptorName[];

test('each descriptor has a number of its own, a single digit from 3 on, without gaps', () => {
  expect(Object.values(descriptors).toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9]);
});

test('the child gets each descriptor under the number that the table says', () => {
  const named = Object.fromEntries(names.map((name) => [name, name])) as Record<DescriptorName, string>;
  const stdio = ['in', 'out', 'err', ...inheritedStdio(named, ['first', 'second'])];
  for (const name of names) expect(stdio[descriptors[name]]).toBe(name);
  expect(stdio[syntheticDescriptor(0)]).toBe('first');
  expect(stdio[syntheticDescriptor(1)]).toBe('second');
});

test('a shell closes all of them but those that it keeps', () => {
  expect(closeAllBut('life', 'policy')).toBe('3<&- 4<&- 5<&- 6<&- 8<&-');
});
