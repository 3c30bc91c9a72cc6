// Fields of HTTP/2 as HTTP/1.1: what is handed on, and what is refused because it could be read in two ways.
import { expect, test } from 'vitest';
import { readRequestFields } from '../../../../../proxy/front/http2/request-fields.ts';

const get = [':method', 'GET', ':scheme', 'https', ':authority', 'h', ':path', '/a'];
const post = [':method', 'POST', ':scheme', 'https', ':authority', 'h', ':path', '/a'];

test.each<[string, string[], boolean, string[]]>([
  ['the authority is the host', [...get, 'x', '1'], true, ['host', 'h', 'x', '1']],
  ['a host that says the same is said once', [...get, 'host', 'h'], true, ['host', 'h']],
  ['a host alone will do', [':method', 'GET', ':path', '/a', 'host', 'h'], true, ['host', 'h']],
  [
    'cookies are one field',
    [...get, 'cookie', 'a=1', 'x', '1', 'cookie', 'b=2'],
    true,
    ['host', 'h', 'x', '1', 'cookie', 'a=1; b=2'],
  ],
  ['te stays behind', [...get, 'te', 'trailers'], true, ['host', 'h']],
  ['a body of unknown length is in chunks', post, false, ['host', 'h', 'transfer-encoding', 'chunked']],
  ['a length is kept', [...post, 'content-length', '3'], false, ['host', 'h', 'content-length', '3']],
  ['no body where one is usual has the length 0', post, true, ['host', 'h', 'content-length', '0']],
  [
    'a value is not taken for a name',
    [...post, 'x', 'content-length'],
    true,
    ['host', 'h', 'x', 'content-length', 'content-length', '0'],
  ],
])('%s', (_, fields, endsHere, headers) => {
  expect(readRequestFields(fields, endsHere, 65_536)).toMatchObject({
    status: 200,
    path: '/a',
    list: headers,
    hasBody: !endsHere,
  });
});

test.each<[string[], number]>([
  [[...get, 'transfer-encoding', 'chunked'], 400],
  [[...get, 'connection', 'close'], 400],
  [[...get, 'upgrade', 'websocket'], 400],
  [[...get, 'proxy-connection', 'x'], 400],
  [[...get, 'host', 'other'], 400],
  [[':method', 'GET', ':path', '/a', 'host', 'h', 'host', 'h'], 400],
  [[':method', 'GET', ':path', '/a'], 400],
  [[...get, 'x', 'a\r\nb: c'], 400],
  [[...get, 'x', 'a\0'], 400],
  [[...get, 'x y', '1'], 400],
  [[...get, 'X', '1'], 400],
  [[':method', 'GET', ':authority', 'h', ':path', '/a b'], 400],
  [[':method', 'GET', ':authority', 'h', ':path', '/a HTTP/1.1\r\nx: y'], 400],
  [[':method', 'GET', ':authority', 'h', ':path', 'http://other/'], 400],
  [[':method', 'GET', ':authority', 'h\r\nx: y', ':path', '/'], 400],
  [[':method', 'GE T', ':authority', 'h', ':path', '/'], 400],
  [[':method', 'get', ':authority', 'h', ':path', '/'], 400],
  [[':method', 'connect', ':authority', 'h', ':path', '/'], 400],
  [[':method', 'CONNECT', ':authority', 'h'], 405],
  [[...get, ':protocol', 'websocket'], 400],
  [[':method', 'CONNECT', ':protocol', 'websocket', ':authority', 'h', ':path', 'http://other/'], 400],
  [[':method', 'CONNECT', ':protocol', 'websocket', ':path', '/'], 400],
])('%j is refused with %i', (fields, status) => {
  expect(readRequestFields(fields, true, 65_536)).toMatchObject({ status });
});
