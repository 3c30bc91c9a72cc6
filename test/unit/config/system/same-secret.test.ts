import { expect, test } from 'vitest';
import { isSameSecret } from '../../../../config/system/same-secret.ts';

test.each([
  ['secret', 'secret', true],
  ['Secret', 'secret', false],
  ['secret ', 'secret', false],
  ['', 'secret', false],
  ['secre', 'secret', false],
  ['gehëim', 'gehëim', true],
])('%j shown for %j: %s', (given, right, same) => {
  expect(isSameSecret(given, right)).toBe(same);
});
