// The page's cookies, as a browser sends them: among others' ones, and beside what another host of the site has set.
import type { Request } from 'express';
import { expect, test } from 'vitest';
import { cookieValues, readCookie } from '../../../../../spawner/page/auth/cookies.ts';

const sending = (cookie: string | undefined) => ({ get: () => cookie }) as unknown as Request;

test('a cookie is found among others, with and without quotes, and sent twice alike', () => {
  for (const cookie of ['a=1; own=x=y; ownb=2', 'own="x=y"', 'own=x=y; own="x=y"']) {
    expect(readCookie(sending(cookie), 'own')).toBe('x=y');
  }
  for (const cookie of [undefined, '', 'ownb=1', 'b=own']) {
    expect(readCookie(sending(cookie), 'own')).toBeUndefined();
  }
});

test('of two different values, none is taken, whichever comes first', () => {
  for (const cookie of ['own=ours; own=tossed', 'own=tossed; own=ours', 'own=; own=ours']) {
    expect(() => readCookie(sending(cookie), 'own')).toThrow(
      expect.objectContaining({ code: 'COOKIE_AMBIGUOUS' }),
    );
  }
});

test('the same cookies in another order are the same values', () => {
  expect(cookieValues(sending('hub=b; hub=a; hub=b'), 'hub')).toEqual(['a', 'b']);
});

test('a name that only looks like ours is another cookie: no byte around it is dropped but spaces and tabs', () => {
  for (const byte of ['\u00a0', '\u0085', '\u000b', '\u000c', '\ufeff']) {
    expect(readCookie(sending(`${byte}own=tossed; \town=ours `), 'own')).toBe('ours');
  }
});
