// Sessions: how long they last, and how many there are.
import { expect, test } from 'vitest';
import { createSessions } from '../../../../../spawner/page/auth/sessions.ts';

const fields = {
  person: { name: 'ann', isAdmin: false, scopes: [], groups: [] },
  token: 'token',
  hubSession: undefined,
};
const hours = 3_600_000;

test('a session is over after twelve hours, however much it was used', () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const { id } = sessions.begin(fields);
  now = 11.9 * hours;
  const session = sessions.find(id);
  expect(session).toBeDefined();
  if (session !== undefined) sessions.confirm(session, fields);
  now = 12 * hours;
  expect(sessions.find(id)).toBeUndefined();
});

test('a session that was ended does not come back when the hub answers late', () => {
  const sessions = createSessions();
  const session = sessions.begin(fields);
  sessions.end(session.id);
  sessions.confirm(session, fields);
  expect(sessions.find(session.id)).toBeUndefined();
});

test('beyond ten thousand the oldest one ends', () => {
  const sessions = createSessions();
  const [first, second] = [sessions.begin(fields), sessions.begin(fields)];
  for (let more = 2; more < 10_001; more += 1) sessions.begin(fields);
  expect(sessions.find(first.id)).toBeUndefined();
  expect(sessions.find(second.id)).toBeDefined();
});
