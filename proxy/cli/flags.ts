// The command line as a table: every option of configurable-http-proxy, then ours. Options are documented
// here and nowhere else; --help is made from this table.
// Not here: what the values mean together (options.ts).

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** How the value is called in the help. */
  readonly value?: string;
  readonly help: string;
}

export const flags = {
  ip: { type: 'string', value: 'IP', help: 'address to listen on; "*" or "" is every address' },
  port: { type: 'string', value: 'N', help: 'port to listen on (default 8000)' },
  socket: { type: 'string', value: 'PATH', help: 'unix socket to listen on, instead of ip and port' },
  'ssl-key': { type: 'string', value: 'FILE', help: 'TLS key of the public listener' },
  'ssl-cert': { type: 'string', value: 'FILE', help: 'TLS certificate of the public listener' },
  'ssl-ca': { type: 'string', value: 'FILE', help: 'authorities for certificates of clients' },
  'ssl-request-cert': { type: 'boolean', help: 'demand a certificate of every client' },
  'ssl-reject-unauthorized': { type: 'boolean', help: 'implied by --ssl-request-cert' },
  'ssl-protocol': { type: 'string', value: 'NAME', help: 'only this TLS version, such as TLSv1_2' },
  'ssl-ciphers': { type: 'string', value: 'LIST', help: 'TLS ciphers, separated by ":"' },
  'ssl-allow-rc4': { type: 'boolean', help: 'has no effect: RC4 is gone' },
  'ssl-dhparam': { type: 'string', value: 'FILE', help: 'Diffie-Hellman parameters' },
  'api-ip': { type: 'string', value: 'IP', help: 'address of the REST API (default localhost)' },
  'api-port': { type: 'string', value: 'N', help: 'port of the REST API (default: --port + 1)' },
  'api-socket': { type: 'string', value: 'PATH', help: 'unix socket of the REST API, instead' },
  'api-ssl-key': { type: 'string', value: 'FILE', help: 'TLS key of the REST API' },
  'api-ssl-cert': { type: 'string', value: 'FILE', help: 'TLS certificate of the REST API' },
  'api-ssl-ca': { type: 'string', value: 'FILE', help: 'authorities for certificates of API clients' },
  'api-ssl-request-cert': { type: 'boolean', help: 'demand a certificate of every API client' },
  'api-ssl-reject-unauthorized': { type: 'boolean', help: 'implied by --api-ssl-request-cert' },
  'client-ssl-key': { type: 'string', value: 'FILE', help: 'TLS key shown to https targets' },
  'client-ssl-cert': { type: 'string', value: 'FILE', help: 'TLS certificate shown to https targets' },
  'client-ssl-ca': { type: 'string', value: 'FILE', help: 'authorities for certificates of https targets' },
  'client-ssl-request-cert': { type: 'boolean', help: 'has no effect, accepted for JupyterHub' },
  'client-ssl-reject-unauthorized': { type: 'boolean', help: 'has no effect, accepted for JupyterHub' },
  'default-target': { type: 'string', value: 'URL', help: 'target of the route /' },
  'error-target': { type: 'string', value: 'URL', help: 'where error pages come from: URL/404?url=...' },
  'error-path': { type: 'string', value: 'DIR', help: 'directory of error pages: 404.html, error.html' },
  'redirect-port': { type: 'string', value: 'N', help: 'redirect HTTP on this port to HTTPS' },
  'redirect-to': { type: 'string', value: 'N', help: 'the port to redirect to (default: --port)' },
  'pid-file': { type: 'string', value: 'FILE', help: 'write the process id there' },
  'no-x-forward': { type: 'boolean', help: 'add no X-Forwarded-* headers' },
  'no-prepend-path': { type: 'boolean', help: "do not put the target's path before the request's" },
  'no-include-prefix': { type: 'boolean', help: "cut the route's path from the request's" },
  'auto-rewrite': { type: 'boolean', help: 'rewrite the host of redirects to the target' },
  'change-origin': { type: 'boolean', help: "send the target's host as Host" },
  'protocol-rewrite': {
    type: 'string',
    value: 'PROTO',
    help: 'rewrite the protocol of redirects to the target',
  },
  'custom-header': {
    type: 'string',
    multiple: true,
    value: 'NAME:VALUE',
    help: 'header to add to proxied requests; may be repeated',
  },
  insecure: { type: 'boolean', help: 'do not check certificates of https targets' },
  'host-routing': { type: 'boolean', help: 'the first segment of a route is the host' },
  'metrics-ip': { type: 'string', value: 'IP', help: 'address of the metrics (default: every address)' },
  'metrics-port': { type: 'string', value: 'N', help: 'port of the metrics; without it there are none' },
  'metrics-socket': { type: 'string', value: 'PATH', help: 'unix socket of the metrics, instead' },
  'log-level': { type: 'string', value: 'LEVEL', help: 'debug, info, warn or error (default info)' },
  timeout: { type: 'string', value: 'MS', help: 'close a client that is silent this long during a request' },
  'proxy-timeout': { type: 'string', value: 'MS', help: 'give up on a target that is silent this long' },
  'keep-alive-timeout': { type: 'string', value: 'MS', help: 'keep an idle client this long (default 5000)' },
  'storage-backend': { type: 'string', value: 'MODULE', help: 'not supported: see --storage-file' },
  'storage-file': { type: 'string', value: 'FILE', help: 'keep the routes there across restarts' },
  'access-log': {
    type: 'string',
    value: 'FORMAT',
    help: 'a line per request: off (default), common, combined or json; never its query',
  },
  'access-log-file': { type: 'string', value: 'FILE', help: 'append it there, not to standard output' },
  'trusted-proxy': {
    type: 'string',
    multiple: true,
    value: 'CIDR',
    help: 'believe X-Forwarded-* only from there ("unix": the socket), and send X-Real-IP; may be repeated',
  },
  http2: {
    type: 'boolean',
    help: 'offer HTTP/2 to browsers, where TLS is on; WebSockets stay with HTTP/1.1',
  },
  'head-timeout': {
    type: 'string',
    value: 'MS',
    help: 'close a client that takes longer for the head of a request (default 45000)',
  },
  'drain-time': {
    type: 'string',
    value: 'MS',
    help: 'on a signal let requests under way end, this long (default 0)',
  },
  workers: { type: 'string', value: 'N', help: 'serve clients in this many processes (default 1)' },
  engine: { type: 'string', value: 'NAME', help: 'relay (default) or http-proxy, the well-known library' },
  version: { type: 'boolean', help: 'print the version' },
  help: { type: 'boolean', help: 'print this help' },
} as const satisfies Record<string, Flag>;

export const shortFlags = { version: 'V', help: 'h' } as const;

export function helpText(): string {
  const lines = Object.entries<Flag>(flags).map(([name, flag]) => {
    const short = name === 'version' ? '-V, ' : name === 'help' ? '-h, ' : '';
    return `  ${`${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`.padEnd(36)} ${flag.help}`;
  });
  return [
    'Usage: portwrap-proxy [options]',
    '',
    'HTTP and WebSocket front end with a routes API; a drop-in for configurable-http-proxy.',
    '',
    ...lines,
    '',
    'Environment:',
    '  CONFIGPROXY_AUTH_TOKEN               token that the REST API demands; without it the API is open',
    '  CONFIGPROXY_SSL_KEY_PASSPHRASE       passphrase of --ssl-key',
    '  CONFIGPROXY_API_SSL_KEY_PASSPHRASE   passphrase of --api-ssl-key',
    '',
  ].join('\n');
}
