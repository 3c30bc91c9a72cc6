// One-time codes for the hosts of ports. In use: test/browser/port-hosts.test.ts.
import { expect, test } from 'vitest';
import {
  challengeOf,
  createPortCodes,
  isChallenge,
  isVerifier,
} from '../../../../../spawner/page/links/port-codes.ts';

const grant = { session: 's', server: 'a1', port: 80, challenge: challengeOf('verifier'), rest: '/' };

test('a code counts once, and for a minute', () => {
  let time = 0;
  const codes = createPortCodes(() => time);
  const [first, late] = [codes.issue(grant), codes.issue(grant)];
  expect(first).not.toBe(late);
  expect(codes.take(first)).toMatchObject(grant);
  expect(codes.take(first)).toBeNull();
  expect(codes.take('another')).toBeNull();
  time = 60_001;
  expect(codes.take(late)).toBeNull();
});

test('there are never more than ten thousand: the oldest give way', () => {
  const codes = createPortCodes(() => 0);
  const first = codes.issue(grant);
  for (let count = 0; count < 10_000; count += 1) codes.issue(grant);
  expect(codes.take(first)).toBeNull();
});

test('a challenge fits its verifier and no other, and has one form', () => {
  expect(isVerifier('verifier', grant.challenge)).toBe(true);
  for (const other of ['verifies', '', grant.challenge, undefined])
    expect(isVerifier(other, grant.challenge)).toBe(false);
  expect(isChallenge(grant.challenge)).toBe(true);
  for (const other of ['', 'a'.repeat(44), `${'a'.repeat(42)}=`, ['a'.repeat(43)], undefined])
    expect(isChallenge(other)).toBe(false);
});
