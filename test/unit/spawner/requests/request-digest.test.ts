// The digest of a request: equal exactly when the request is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestDigest } from '../../../../spawner/requests/request-digest.ts';
import { startRequest } from '../../../../spawner/requests/start-request.ts';

const requests = fc
  .record({
    env: fc.dictionary(fc.stringMatching(/^[A-Z]{1,3}$/), fc.string({ maxLength: 4 }).filter(noNul)),
    args: fc.array(fc.string({ maxLength: 3 }).filter(noNul), { maxLength: 3 }),
  })
  .map((fields) => startRequest.parse({ spawn_id: 'abcdefgh', ...fields }));

test('two requests have the same digest exactly when they are equal', () => {
  fc.assert(
    fc.property(requests, requests, (a, b) => {
      expect(requestDigest(a) === requestDigest(b)).toBe(
        JSON.stringify(byKey(a)) === JSON.stringify(byKey(b)),
      );
    }),
  );
});

test('the order in which keys were written does not matter', () => {
  const written = (env: object) => requestDigest(startRequest.parse({ spawn_id: 'abcdefgh', env }));
  expect(written({ A: '1', B: '2' })).toBe(written({ B: '2', A: '1' }));
});

test('what a request leaves out and what it says as the default are the same', () => {
  const short = startRequest.parse({ spawn_id: 'abcdefgh' });
  const long = startRequest.parse({ spawn_id: 'abcdefgh', env: {}, args: [], user_options: {} });
  expect(requestDigest(short)).toBe(requestDigest(long));
});

test('it gives nothing of the environment away', () => {
  const digest = requestDigest(startRequest.parse({ spawn_id: 'abcdefgh', env: { TOKEN: 'secret' } }));
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

function noNul(text: string): boolean {
  return !text.includes('\0');
}

function byKey({ env, args }: { env: object; args: readonly string[] }) {
  return [Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)), args];
}
