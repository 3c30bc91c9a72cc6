import { expect, test } from 'vitest';
import { type ProxyOptions, readCommandLine } from '../../../../proxy/cli/options.ts';

function read(argv: string[], env = {}, pid = 1): ProxyOptions {
  const request = readCommandLine(argv, env, pid);
  if (request.kind !== 'run') throw new Error(request.kind);
  return request.options;
}

test('the defaults are those of configurable-http-proxy', () => {
  expect(read([])).toMatchObject({
    listen: { ip: '', port: 8000 },
    api: { ip: 'localhost', port: 8001 },
    metrics: undefined,
    token: '',
    xForward: true,
    prependPath: true,
    includePrefix: true,
    hostRouting: false,
    compress: false,
    timeout: undefined,
    proxyTimeout: undefined,
    keepAliveTimeout: 5000,
    logLevel: 'info',
  });
});

test.each<[string[], Partial<ProxyOptions>]>([
  [['--ip', '*', '--port=9000'], { listen: { ip: '', port: 9000 }, api: { ip: 'localhost', port: 9001 } }],
  [['--ip', ''], { listen: { ip: '', port: 8000 } }],
  [['--socket', '/a', '--api-socket', '/b'], { listen: { socketPath: '/a' }, api: { socketPath: '/b' } }],
  [['--metrics-port', '7'], { metrics: { ip: '', port: 7 } }],
  [
    ['--custom-header', ' k2 : v2 v2 ', '--custom-header', 'k1: a:b'],
    {
      customHeaders: [
        ['k2', 'v2 v2'],
        ['k1', 'a:b'],
      ],
    },
  ],
  [
    ['--no-x-forward', '--no-prepend-path', '--no-include-prefix'],
    { xForward: false, prependPath: false, includePrefix: false },
  ],
  [['--log-level', 'DEBUG'], { logLevel: 'debug' }],
  [['--compress'], { compress: true }],
  [
    ['--redirect-port', '80', '--ssl-key', 'k', '--ssl-cert', 'c'],
    { redirect: { listen: { ip: '', port: 80 }, to: 8000 } },
  ],
  [['--redirect-port', '81', '--port', '80', '--ssl-key', 'k', '--ssl-cert', 'c'], { redirect: undefined }],
])('%j is read', (argv, expected) => {
  expect(read(argv)).toMatchObject(expected);
});

test('the token comes from the environment only', () => {
  expect(read([], { CONFIGPROXY_AUTH_TOKEN: 'x' }).token).toBe('x');
});

test('the command line that JupyterHub builds with internal SSL is accepted', () => {
  const argv = [
    '--ip',
    '',
    '--port',
    '8000',
    '--api-ip',
    '127.0.0.1',
    '--api-port',
    '8001',
    '--error-target',
  ];
  argv.push(
    'https://h/hub/error',
    '--log-level',
    'info',
    '--host-routing',
    '--ssl-key',
    'k',
    '--ssl-cert',
    'c',
  );
  for (const side of ['api', 'client']) {
    argv.push(`--${side}-ssl-key`, 'k', `--${side}-ssl-cert`, 'c', `--${side}-ssl-ca`, 'a');
    argv.push(`--${side}-ssl-request-cert`, `--${side}-ssl-reject-unauthorized`);
  }
  expect(read(argv)).toMatchObject({
    apiTls: { listener: { requestCert: true }, ca: 'a' },
    clientTls: { key: 'k' },
  });
});

test.each([
  [[], false],
  [['--no-http2'], false],
  [['--ssl-key=k', '--ssl-cert=c'], true],
  [['--ssl-key=k', '--ssl-cert=c', '--http2'], true],
  [['--ssl-key=k', '--ssl-cert=c', '--http2', '--no-http2'], false],
])('clients get HTTP/2 over TLS unless it is turned off: %j', (argv, http2) => {
  expect(read(argv)).toMatchObject({ http2 });
});

test.each([
  [[], false],
  [['--ssl-key=k', '--ssl-cert=c'], false],
  [['--ssl-key=k', '--ssl-cert=c', '--http2-websockets'], true],
])('WebSockets stay on HTTP/1.1 unless the option is given: %j', (argv, http2WebSockets) => {
  expect(read(argv)).toMatchObject({ http2WebSockets });
});

test.each([
  ['--custom-header', 'Content-Length: 3'],
  ['--custom-header', 'a b: 3'],
  ['--custom-header', 'a: b\r\nc: d'],
  ['--port', '70000'],
  ['--log-level', 'loud'],
  ['--storage-backend', 'x'],
  ['--http2', '--insecure'],
  ['--http2-websockets', '--insecure'],
  ['--http2-websockets', '--ssl-key=k', '--ssl-cert=c', '--no-http2'],
  ['--engine', 'nginx'],
  ['--workers', 'many'],
  ['--timeout', '1s'],
  ['--trusted-proxy', '10.0.0.0/33'],
  ['--access-log', 'clf'],
  ['--socket=/s', '--ip=::1'],
  ['--api-socket=/s', '--api-port=1'],
  ['--metrics-socket=/s', '--metrics-port=1'],
  ['--error-path=/p', '--error-target=http://h'],
  ['--prot', '8000'],
  ['operand', ''],
])('%s %j is refused', (...argv) => {
  expect(() => read(argv)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('inherited sockets take the place of addresses, by their names', () => {
  const env = { LISTEN_FDS: '3', LISTEN_PID: '7', LISTEN_FDNAMES: 'api:public:metrics' };
  expect(read([], env, 7)).toMatchObject({
    listen: { descriptor: 4 },
    api: { descriptor: 3 },
    metrics: { descriptor: 5 },
  });
  const others = { listen: { ip: '', port: 8000 }, api: { ip: 'localhost', port: 8001 } };
  expect(read([], env, 8)).toMatchObject(others);
  expect(read([], { LISTEN_PID: '7' }, 7)).toMatchObject(others);
});

test('a single inherited socket is the public one, whatever systemd calls it', () => {
  const env = { LISTEN_FDS: '1', LISTEN_PID: '7', LISTEN_FDNAMES: 'portwrap-proxy.socket' };
  expect(read([], env, 7)).toMatchObject({
    listen: { descriptor: 3 },
    api: { ip: 'localhost', port: 8001 },
  });
  const redirect = { ...env, LISTEN_FDNAMES: 'redirect' };
  expect(read(['--ssl-key', 'k', '--ssl-cert', 'c'], redirect, 7)).toMatchObject({
    redirect: { listen: { descriptor: 3 }, to: 8000 },
  });
});

test.each(['public', 'public:api.socket', 'public:public'])(
  'two inherited sockets named %j are refused',
  (names) => {
    const env = { LISTEN_FDS: '2', LISTEN_PID: '7', LISTEN_FDNAMES: names };
    expect(() => read([], env, 7)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  },
);
