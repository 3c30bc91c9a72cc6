// Suggestions for mistyped words.
import { expect, test } from 'vitest';
import { nearest } from '../../../config/nearest.ts';

const keys = ['listen', 'state_dir', 'log_level', 'hubs', 'path'];

test.each([
  ['lisen', 'listen'],
  ['listten', 'listen'],
  ['LISTEN', 'listen'],
  ['statedir', 'state_dir'],
  ['log-level', 'log_level'],
  ['hub', 'hubs'],
  ['hasp', undefined],
  ['colour', undefined],
  ['', undefined],
])('%j is taken for %s', (word, meant) => {
  expect(nearest(word, keys)).toBe(meant);
});
