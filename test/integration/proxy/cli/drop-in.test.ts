// The contract of configurable-http-proxy, black-box: the same command line, then the same requests, to it and
// to ours. What comes back must be equal; where it is not, the row says what each of the two answers.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compiledCommand, freePort, runCommand } from '../support/command.ts';
import { bodyOf, httpUpstream, saying } from '../support/upstream.ts';

const ours = compiledCommand();
const theirs = join(
  dirname(createRequire(import.meta.url).resolve('configurable-http-proxy/package.json')),
  'bin/configurable-http-proxy',
);

interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** "status body", with last_activity and everything that names a port left out. */
type Seen = string;

/** Listener, request line, what comes back from both; or first from configurable-http-proxy, then from ours. */
type Row = readonly [on: 'api' | 'web', line: string, seen: Seen | readonly [Seen, Seen], more?: Ask];

const T = '{"target":"UPSTREAM"}';
const authorized = { Authorization: 'token secret' };
const as = (header: string): Ask => ({ headers: { Authorization: header } });
const posting = (body: string): Ask => ({ body });

const api: Row[] = [
  ['api', 'GET /api/routes', '200 {"/":{"target":"UPSTREAM"}}'],
  ['api', 'POST /api/routes/user/a', '201 ', posting('{"target":"UPSTREAM","user":"a","deep":{"er":[1]}}')],
  ['api', 'GET /api/routes/user/a', '200 {"target":"UPSTREAM","user":"a","deep":{"er":[1]}}'],
  ['api', 'GET /api/routes/user/a/', '200 {"target":"UPSTREAM","user":"a","deep":{"er":[1]}}'],
  ['api', 'GET /api/routes/user', '404 '],
  ['api', 'POST /api/routes/user/a', '201 ', posting(T)],
  ['api', 'GET /api/routes/user/a', '200 {"target":"UPSTREAM"}'],
  ['api', 'GET /api/routes?inactiveSince=2001-01-01', '200 {}'],
  ['api', 'GET /api/routes?inactive_since=2001-01-01T00:00:00Z', '200 {}'],
  ['api', 'GET /api/routes?inactiveSince=x', "400 Invalid datestamp 'x' must be ISO8601."],
  [
    'api',
    'GET /api/routes/?inactiveSince=',
    '200 {"/":{"target":"UPSTREAM"},"/user/a":{"target":"UPSTREAM"}}',
  ],
  ['api', 'POST /api/routes/x', "400 Must specify 'target' as string", posting('{}')],
  ['api', 'POST /api/routes/x', "400 Must specify 'target' as string", posting('{"target":1}')],
  ['api', 'POST /api/routes/x', "400 Must specify 'target' as string", posting('null')],
  ['api', 'POST /api/routes/x', "400 Must specify 'target' as string", posting('[]')],
  ['api', 'POST /api/routes/x', '^400 Body not valid JSON', posting('{')],
  ['api', 'PUT /api/routes/x', '405 Method not supported', posting(T)],
  ['api', 'PATCH /api/routes', '405 Method not supported'],
  ['api', 'OPTIONS /api/routes', '405 Method not supported'],
  ['api', 'GET /', '404 Not Found'],
  ['api', 'GET /api', '404 Not Found'],
  ['api', 'GET /api/routes', '403 ', as('Bearer secret')],
  ['api', 'GET /api/routes', '403 ', as('Token secret')],
  ['api', 'GET /api/routes', '403 ', as('token secrets')],
  ['api', 'GET /api/routes/user', '404 ', as('token   secret')],
  ['api', 'DELETE /api/routes/user/a', '403 ', as('')],
  ['api', 'DELETE /api/routes/user/a/', '204 '],
  ['api', 'DELETE /api/routes/user/a', '404 '],
  ['api', 'POST /api/routes/user/q%40m', '201 ', posting(T)],
  ['api', 'POST /api/routes/caf%C3%A9%20z', '201 ', posting(T)],
  ['api', 'POST /api/routes/x%2Fy', '201 ', posting(T)],
  ['api', 'POST /api/routes/dots/../up', '201 ', posting(T)],
  ['api', 'DELETE /api/routes/', '204 '],
  [
    'api',
    'GET /api/routes',
    '200 {"/café z":{"target":"UPSTREAM"},"/up":{"target":"UPSTREAM"},"/user/q@m":{"target":"UPSTREAM"},"/x/y":{"target":"UPSTREAM"}}',
  ],
];

const web: Row[] = [
  ['web', 'GET /', '404 page'],
  ['api', 'POST /api/routes/a', '201 ', posting(T)],
  ['api', 'POST /api/routes/a/b', '201 ', posting('{"target":"UPSTREAM/deep?q=1"}')],
  ['api', 'POST /api/routes/u/@x', '201 ', posting(T)],
  ['api', 'POST /api/routes/dead', '201 ', posting('{"target":"http://127.0.0.1:9"}')],
  ['api', 'POST /api/routes/no-url', '201 ', posting('{"target":"nota url"}')],
  ['api', 'POST /api/routes/ftp', '201 ', posting('{"target":"ftp://x"}')],
  ['api', 'POST /api/routes/odd', '201 ', posting('{"target":"ODD"}')],
  ['web', 'GET /a', '200 GET /a'],
  ['web', 'GET /a/?x=%20&y', '200 GET /a/?x=%20&y'],
  ['web', 'GET /ab', '404 page'],
  ['web', 'GET /A', '404 page'],
  ['web', 'GET /a/b/c', '200 GET /deep/a/b/c?q=1'],
  ['web', 'GET /a/b?z', '200 GET /deep/a/b?q=1&z'],
  ['web', 'GET /a%2Fb/c', '200 GET /deep/a%2Fb/c?q=1'],
  ['web', 'GET /u/%40x', '200 GET /u/%40x'],
  ['web', 'GET /u/@x/y', '200 GET /u/@x/y'],
  ['web', 'GET /u/@xx', '404 page'],
  ['web', 'POST /a', '200 POST /a body', posting('body')],
  ['web', 'PUT /a', '200 PUT /a body', posting('body')],
  ['web', 'DELETE /a', '200 DELETE /a'],
  ['web', 'OPTIONS /a', '200 OPTIONS /a'],
  ['web', 'HEAD /a', '200 '],
  ['web', 'GET /a/moved', '302 to /elsewhere; a=1; b=2'],
  ['web', 'GET /dead', '503 page'],
  ['web', 'GET /no-url', '500 page'],
  ['web', 'GET /ftp', '500 page'],
  ['web', 'GET /%', '500 page'],
  ['web', 'GET /odd', ['503 page', '502 page']],
  ['web', 'GET /constructor', ['500 page', '404 page']],
  ['web', 'GET /a/../u/@x', '200 GET /u/@x'],
  ['web', 'GET /a?', ['200 GET /a', '200 GET /a?']],
  ['web', 'GET /_chp_healthz', '200 {"status":"OK"}'],
];

const fields = { 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'outer' };
const forwarded: Row[] = [
  ['web', 'GET /fields', '200 for=127.0.0.1 port=80 proto=http host=hub.example own=-'],
  [
    'web',
    'GET /fields',
    '200 for=1.2.3.4,127.0.0.1 port=80 proto=https,http host=outer own=-',
    { headers: fields },
  ],
  [
    'web',
    'GET /fields',
    '200 for=127.0.0.1 port=81 proto=http host=h:81 own=-',
    { headers: { Host: 'h:81' } },
  ],
];

const groups: [string, readonly string[], readonly Row[]][] = [
  ['the REST API', ['--default-target', 'UPSTREAM'], api],
  ['routing and statuses', [], web],
  ['forwarded fields', ['--default-target', 'UPSTREAM'], forwarded],
  [
    '--no-x-forward --custom-header',
    ['--default-target', 'UPSTREAM', '--no-x-forward', '--custom-header', 'X-Own: v'],
    [['web', 'GET /fields', '200 for=- port=- proto=- host=- own=v']],
  ],
  [
    '--no-include-prefix',
    ['--no-include-prefix'],
    [
      ['api', 'POST /api/routes/a', '201 ', posting('{"target":"UPSTREAM/t"}')],
      ['web', 'GET /a/b?c', '200 GET /t/b?c'],
      ['web', 'GET /a', '200 GET /t'],
      ['web', 'GET /a/', '200 GET /t/'],
    ],
  ],
  [
    '--no-prepend-path',
    ['--no-prepend-path'],
    [
      ['api', 'POST /api/routes/a', '201 ', posting('{"target":"UPSTREAM/t"}')],
      ['web', 'GET /a/b?c', '200 GET /a/b?c'],
    ],
  ],
  [
    '--host-routing',
    ['--host-routing'],
    [
      ['api', 'POST /api/routes/hub.example/a', '201 ', posting(T)],
      ['api', 'GET /api/routes', '200 {"/hub.example/a":{"target":"UPSTREAM","host":"hub.example"}}'],
      ['web', 'GET /a', '200 GET /a'],
      ['web', 'GET /a', '200 GET /a', { headers: { Host: 'hub.example:8000' } }],
      ['web', 'GET /a', '404 page', { headers: { Host: 'other.example' } }],
      ['web', 'GET /a', ['404 page', '200 GET /a'], { headers: { Host: 'HUB.example' } }],
    ],
  ],
  [
    '--error-path',
    ['--error-path', 'PAGES'],
    [
      ['web', 'GET /x', '404 page of ours for 404'],
      ['api', 'POST /api/routes/dead', '201 ', posting('{"target":"http://127.0.0.1:9"}')],
      ['web', 'GET /dead', '503 page of ours for all'],
    ],
  ],
  [
    '--auto-rewrite --protocol-rewrite',
    ['--default-target', 'UPSTREAM', '--auto-rewrite', '--protocol-rewrite', 'https'],
    [
      [
        'web',
        'GET /self',
        ['302 to https://hub.example:PORT/there; ; ', '302 to https://hub.example/there; ; '],
      ],
    ],
  ],
];

test.each(groups)('configurable-http-proxy and ours answer alike: %s', async (_, argv, rows) => {
  const upstream = await httpUpstream(async (req, res) => {
    const { headers } = req;
    const body = await bodyOf(req);
    const field = (name: string): string => String(headers[name] ?? '-');
    if (req.url === '/a/moved')
      res.writeHead(302, { Location: '/elsewhere', 'Set-Cookie': ['a=1', 'b=2'] }).end();
    else if (req.url === '/self') res.writeHead(302, { Location: `${upstream.url}/there` }).end();
    else if (req.url === '/fields') {
      const [of, port, proto, host] = ['for', 'port', 'proto', 'host'].map((name) =>
        field(`x-forwarded-${name}`),
      );
      res.end(`for=${of} port=${port} proto=${proto} host=${host} own=${field('x-own')}`);
    } else res.end(`${req.method} ${req.url} ${body}`.trim());
  });
  const odd = await saying('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx');
  const places = { UPSTREAM: upstream.url, ODD: odd.url, PAGES: errorPages() };
  const [chp, relay] = await Promise.all([theirs, ours].map((main) => started(main, argv, places)));
  const answers: [string, Seen, Seen][] = [];
  for (const [on, line, , more] of rows) {
    const one = await chp?.(on, line, more);
    answers.push([line, one ?? '', (await relay?.(on, line, more)) ?? '']);
  }
  expect(answers).toEqual(
    rows.map(([, line, seen]) =>
      [line, ...(typeof seen === 'string' ? [seen, seen] : seen)].map((text) =>
        text.startsWith('^') ? expect.stringMatching(new RegExp(text)) : text,
      ),
    ),
  );
});

/** Starts a command and returns how to ask it. */
async function started(main: string, argv: readonly string[], places: Readonly<Record<string, string>>) {
  const port = await freePort();
  const listen = ['--ip', '127.0.0.1', '--port', `${port}`, '--api-ip', '127.0.0.1'];
  const filled = (text: string): string =>
    Object.entries(places).reduce((so, [name, value]) => so.replaceAll(name, value), text);
  const command = runCommand(main, [...listen, ...argv.map(filled)], { CONFIGPROXY_AUTH_TOKEN: 'secret' });
  await command.until('Proxy API at');
  if (argv.includes('--default-target')) await command.until('Route added /');
  // It says so before it listens.
  for (const one of [port, port + 1]) await expect.poll(() => accepts(one), { timeout: 20_000 }).toBe(true);
  return async (on: 'api' | 'web', line: string, { headers, body }: Ask = {}): Promise<Seen> => {
    const [method, path] = line.split(' ');
    const asked = request({
      port: on === 'api' ? port + 1 : port,
      host: '127.0.0.1',
      method,
      path,
      agent: false,
      headers: { Host: 'hub.example', ...(on === 'api' ? authorized : {}), ...headers },
    });
    asked.end(body === undefined ? undefined : filled(body));
    const [answer] = await once(asked, 'response');
    return shown(on, answer.statusCode, answer.headers, await bodyOf(answer), places);
  };
}

function shown(
  on: 'api' | 'web',
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  places: Readonly<Record<string, string>>,
): Seen {
  if (headers.location !== undefined) {
    const [one = '', two = ''] = headers['set-cookie'] ?? [];
    return `${status} to ${headers.location.replace(/:\d+/, ':PORT')}; ${one}; ${two}`;
  }
  if (headers['content-type'] === 'text/html' && !body.includes('of ours')) return `${status} page`;
  if (on === 'web' || !body.startsWith('{')) return `${status} ${body}`;
  const routes: unknown = JSON.parse(body, (name, value) => (name === 'last_activity' ? undefined : value));
  const sorted = Object.fromEntries(Object.entries(routes as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify('target' in sorted ? routes : sorted);
  return `${status} ${text.replaceAll(places.UPSTREAM ?? '', 'UPSTREAM')}`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function errorPages(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-pages-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, '404.html'), 'page of ours for 404');
  writeFileSync(join(dir, 'error.html'), 'page of ours for all');
  return dir;
}
