// An extended CONNECT as the upgrade of HTTP/1.1, or why it is none.
import { expect, test } from 'vitest';
import { type RequestFields, readRequestFields } from '../../../../../proxy/front/http2/request-fields.ts';
import { upgradeFields } from '../../../../../proxy/front/http2/upgrade-fields.ts';

const connect = [':method', 'CONNECT', ':scheme', 'https', ':authority', 'h', ':path', '/a'];
const webSocket = [...connect, ':protocol', 'websocket', 'sec-websocket-version', '13'];

function fieldsOf(list: readonly string[]): RequestFields {
  const read = readRequestFields(list, false, 65_536);
  if (read.status !== 200) throw new Error(read.reason);
  return read;
}

test('it becomes a GET with the key of the proxy, whatever key the client sent', () => {
  const asked = fieldsOf([
    ...webSocket,
    'sec-websocket-key',
    'other',
    'x',
    'sec-websocket-key',
    'origin',
    'o',
  ]);
  const own = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'k' };
  expect(upgradeFields(asked, false, 'k')).toMatchObject({
    status: 200,
    method: 'GET',
    path: '/a',
    list: [
      ...['host', 'h', 'sec-websocket-version', '13', 'x', 'sec-websocket-key', 'origin', 'o'],
      ...Object.entries(own).flat(),
    ],
    byName: { host: 'h', origin: 'o', ...own },
  });
});

test.each<[string, string[], boolean, number]>([
  ['another protocol', [...connect, ':protocol', 'connect-udp', 'sec-websocket-version', '13'], false, 501],
  ['no version', [...connect, ':protocol', 'websocket'], false, 400],
  ['a length', [...webSocket, 'content-length', '0'], false, 400],
  ['its end', webSocket, true, 400],
])('one with %s is refused', (_, list, endsHere, status) => {
  expect(upgradeFields(fieldsOf(list), endsHere, 'k')).toMatchObject({ status });
});
