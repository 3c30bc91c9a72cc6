// The command line of `portwrap-proxy` as a table: every option of configurable-http-proxy, then ours.
// Not here: parsing it (options.ts), single values (option-values.ts).
import { commonOptions, type Program } from '../../config/command-line/program.ts';
import { wholeNumber } from '../../config/command-line/values.ts';
import { accessLogFormats } from '../telemetry/access-line.ts';
import { customHeader, logLevel, logLevels, portNumber, trustedProxy } from './option-values.ts';

const milliseconds = wholeNumber(0, 999_999_999, 'a number of milliseconds');

export const portwrapProxy = {
  name: 'portwrap-proxy',
  summary: 'HTTP and WebSocket proxy with a REST API for its routes; a drop-in for configurable-http-proxy',
  usage: ['[options]'],
  description: [
    'Forwards HTTP requests and WebSockets to targets, by a table of routes that is changed over a REST API. Takes the options of configurable-http-proxy, and more.',
  ],
  groups: [
    {
      title: 'public listener',
      options: [
        { name: 'ip', value: 'IP', help: 'address to listen on (default: all addresses, also for "*")' },
        { name: 'port', value: 'PORT', type: portNumber, default: 8000, help: 'port to listen on' },
        {
          name: 'socket',
          value: 'PATH',
          values: 'path',
          conflicts: ['ip', 'port'],
          help: 'Unix socket to listen on, instead of --ip and --port',
        },
        { name: 'ssl-key', value: 'FILE', values: 'path', help: 'TLS key' },
        { name: 'ssl-cert', value: 'FILE', values: 'path', help: 'TLS certificate' },
        {
          name: 'ssl-ca',
          value: 'FILE',
          values: 'path',
          help: 'CA certificates that sign client certificates',
        },
        { name: 'ssl-request-cert', help: 'require a client certificate, signed by a CA of --ssl-ca' },
        { name: 'ssl-reject-unauthorized', help: 'no effect: --ssl-request-cert includes it' },
        { name: 'ssl-protocol', value: 'NAME', help: 'allow only this TLS version, such as TLSv1_2' },
        { name: 'ssl-ciphers', value: 'LIST', help: 'allowed TLS ciphers, separated by ":"' },
        { name: 'ssl-allow-rc4', help: 'no effect: RC4 is no longer supported' },
        { name: 'ssl-dhparam', value: 'FILE', values: 'path', help: 'Diffie-Hellman parameters' },
        { name: 'http2', help: 'offer HTTP/2 to clients over TLS (the default)' },
        { name: 'no-http2', help: 'offer only HTTP/1.1 to clients over TLS' },
        {
          name: 'http2-websockets',
          help: 'also serve WebSockets over HTTP/2 (RFC 8441): browsers need no further connection for them',
        },
        {
          name: 'redirect-port',
          value: 'PORT',
          type: portNumber,
          help: 'also listen on this port for HTTP, and redirect to HTTPS',
        },
        {
          name: 'redirect-to',
          value: 'PORT',
          type: portNumber,
          help: 'port in the redirect to HTTPS (default: the value of --port)',
        },
      ],
    },
    {
      title: 'REST API',
      options: [
        { name: 'api-ip', value: 'IP', default: 'localhost', help: 'address to listen on' },
        {
          name: 'api-port',
          value: 'PORT',
          type: portNumber,
          help: 'port to listen on (default: the value of --port, plus 1)',
        },
        {
          name: 'api-socket',
          value: 'PATH',
          values: 'path',
          conflicts: ['api-ip', 'api-port'],
          help: 'Unix socket to listen on, instead of --api-ip and --api-port',
        },
        { name: 'api-ssl-key', value: 'FILE', values: 'path', help: 'TLS key' },
        { name: 'api-ssl-cert', value: 'FILE', values: 'path', help: 'TLS certificate' },
        {
          name: 'api-ssl-ca',
          value: 'FILE',
          values: 'path',
          help: 'CA certificates that sign client certificates',
        },
        {
          name: 'api-ssl-request-cert',
          help: 'require a client certificate, signed by a CA of --api-ssl-ca',
        },
        { name: 'api-ssl-reject-unauthorized', help: 'no effect: --api-ssl-request-cert includes it' },
      ],
    },
    {
      title: 'routes and targets',
      options: [
        { name: 'default-target', value: 'URL', help: 'target of the route /' },
        { name: 'host-routing', help: 'route by host name: the first segment of a route is the host' },
        {
          name: 'storage-file',
          value: 'FILE',
          values: 'path',
          help: 'keep the routes in this file and read them at the next start',
        },
        { name: 'storage-backend', value: 'MODULE', help: 'not supported: use --storage-file' },
        { name: 'client-ssl-key', value: 'FILE', values: 'path', help: 'TLS key for https targets' },
        {
          name: 'client-ssl-cert',
          value: 'FILE',
          values: 'path',
          help: 'TLS client certificate for https targets',
        },
        {
          name: 'client-ssl-ca',
          value: 'FILE',
          values: 'path',
          help: 'CA certificates that sign the certificates of https targets',
        },
        { name: 'client-ssl-request-cert', help: 'no effect: accepted because JupyterHub passes it' },
        { name: 'client-ssl-reject-unauthorized', help: 'no effect: accepted because JupyterHub passes it' },
        { name: 'insecure', help: 'do not verify the certificates of https targets' },
      ],
    },
    {
      title: 'requests and responses',
      options: [
        { name: 'no-x-forward', help: 'do not add X-Forwarded-* headers to requests' },
        {
          name: 'trusted-proxy',
          value: 'CIDR',
          repeatable: true,
          type: trustedProxy,
          help: 'accept X-Forwarded-* headers only from this address or network ("unix": from a Unix socket), and add X-Real-IP',
        },
        { name: 'no-prepend-path', help: 'do not prepend the path of the target to the path of the request' },
        { name: 'no-include-prefix', help: 'remove the path of the route from the path of the request' },
        { name: 'change-origin', help: 'send the host of the target in the Host header' },
        {
          name: 'custom-header',
          value: 'NAME:VALUE',
          repeatable: true,
          type: customHeader,
          help: 'header to add to requests for targets',
        },
        {
          name: 'auto-rewrite',
          help: 'in redirects to the target, replace its host by that of the request',
        },
        {
          name: 'protocol-rewrite',
          value: 'PROTOCOL',
          help: 'in redirects to the target, replace the protocol: http or https',
        },
        {
          name: 'compress',
          help: 'compress scripts, styles and other text files that targets mark as public or immutable',
        },
        {
          name: 'error-target',
          value: 'URL',
          help: 'server of error pages, requested as URL/404?url=PATH',
        },
        {
          name: 'error-path',
          value: 'DIR',
          values: 'path',
          conflicts: ['error-target'],
          help: 'directory of error pages: 404.html and so on, and error.html for all others',
        },
      ],
    },
    {
      title: 'timeouts',
      options: [
        {
          name: 'timeout',
          value: 'MS',
          type: milliseconds,
          help: 'close a client connection that is silent for this long during a request (default: never)',
        },
        {
          name: 'proxy-timeout',
          value: 'MS',
          type: milliseconds,
          help: 'give up on a target that is silent for this long during a request (default: never)',
        },
        {
          name: 'keep-alive-timeout',
          value: 'MS',
          type: milliseconds,
          default: 5000,
          help: 'close a client connection that is idle for this long between requests',
        },
        {
          name: 'head-timeout',
          value: 'MS',
          type: milliseconds,
          default: 45_000,
          help: 'close a client connection that has not sent the complete headers of a request after this time',
        },
        {
          name: 'drain-time',
          value: 'MS',
          type: milliseconds,
          default: 0,
          help: 'on SIGTERM or SIGINT, let the requests in progress continue for at most this long',
        },
      ],
    },
    {
      title: 'logs and metrics',
      options: [
        {
          name: 'log-level',
          value: 'LEVEL',
          values: logLevels,
          type: logLevel,
          default: 'info',
          help: 'debug, info, warn or error',
        },
        {
          name: 'access-log',
          value: 'FORMAT',
          values: accessLogFormats,
          default: 'off',
          help: 'log each request in this format: common, combined, json, or off; query strings are left out',
        },
        {
          name: 'access-log-file',
          value: 'FILE',
          values: 'path',
          help: 'append the access log to this file (default: standard output)',
        },
        { name: 'metrics-ip', value: 'IP', help: 'address of the metrics listener (default: all addresses)' },
        {
          name: 'metrics-port',
          value: 'PORT',
          type: portNumber,
          help: 'port of the metrics listener (default: no metrics)',
        },
        {
          name: 'metrics-socket',
          value: 'PATH',
          values: 'path',
          conflicts: ['metrics-ip', 'metrics-port'],
          help: 'Unix socket of the metrics listener, instead of --metrics-ip and --metrics-port',
        },
      ],
    },
    {
      title: 'process',
      options: [
        {
          name: 'workers',
          value: 'N',
          type: wholeNumber(0, 1024),
          default: 1,
          help: 'serve clients in this many processes',
        },
        {
          name: 'engine',
          value: 'NAME',
          values: ['relay', 'http-proxy'],
          default: 'relay',
          help: 'code that forwards requests: relay, or http-proxy, the library of configurable-http-proxy',
        },
        { name: 'pid-file', value: 'FILE', values: 'path', help: 'write the process id to this file' },
        ...commonOptions,
      ],
    },
  ],
  sections: [
    {
      title: 'environment',
      rows: [
        [
          'CONFIGPROXY_AUTH_TOKEN',
          'token that requests to the REST API need; without it the API needs no authentication',
        ],
        ['CONFIGPROXY_SSL_KEY_PASSPHRASE', 'passphrase of --ssl-key'],
        ['CONFIGPROXY_API_SSL_KEY_PASSPHRASE', 'passphrase of --api-ssl-key'],
      ],
    },
    {
      title: 'exit codes',
      rows: [
        ['1', 'wrong options, as configurable-http-proxy'],
        ['2', 'ended by SIGTERM or SIGINT, as configurable-http-proxy'],
        ['98', 'an address is in use'],
      ],
    },
  ],
} as const satisfies Program;
