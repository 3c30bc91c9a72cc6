// Reads argv and the environment once, into options that are complete: what is not given has its default,
// what contradicts is refused.
// Not here: the table of the flags (flags.ts), single values (option-values.ts), reading files (listen/tls.ts).
import { parseArgs } from 'node:util';
import type { ListenAddress } from '../listen/listen.ts';
import { inheritedSockets, type ListenerName } from '../listen/socket-activation.ts';
import type { TlsFiles } from '../listen/tls.ts';
import type { AccessLogFormat } from '../telemetry/access-line.ts';
import { flags, shortFlags } from './flags.ts';
import {
  accessLogFormat,
  address,
  customHeader,
  engineName,
  logLevel,
  number,
  trustedProxies,
  usage,
} from './option-values.ts';

export interface ProxyOptions {
  readonly listen: ListenAddress;
  readonly api: ListenAddress;
  readonly metrics: ListenAddress | undefined;
  readonly redirect: { readonly listen: ListenAddress; readonly to: number } | undefined;
  readonly token: string;
  readonly tls: TlsFiles | undefined;
  readonly apiTls: TlsFiles | undefined;
  readonly clientTls: TlsFiles | undefined;
  readonly insecure: boolean;
  /** Offered to clients by TLS; never without. */
  readonly http2: boolean;
  readonly defaultTarget: string | undefined;
  readonly errorTarget: string | undefined;
  readonly errorPath: string | undefined;
  readonly pidFile: string | undefined;
  readonly xForward: boolean;
  readonly prependPath: boolean;
  readonly includePrefix: boolean;
  readonly hostRouting: boolean;
  readonly changeOrigin: boolean;
  readonly autoRewrite: boolean;
  readonly protocolRewrite: string | undefined;
  readonly customHeaders: readonly (readonly [string, string])[];
  readonly timeout: number | undefined;
  readonly proxyTimeout: number | undefined;
  readonly keepAliveTimeout: number;
  /** Milliseconds that a client may take to send the head of a request. */
  readonly headTimeout: number;
  /** Whom to believe about X-Forwarded-*; everybody if the list is empty. */
  readonly trustedProxies: readonly string[];
  readonly accessLog: AccessLogFormat;
  /** Standard output, if undefined. */
  readonly accessLogFile: string | undefined;
  /** Milliseconds that requests under way get on a signal. */
  readonly drainTime: number;
  readonly storageFile: string | undefined;
  readonly workers: number;
  readonly engine: 'relay' | 'http-proxy';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** For process `pid`, or a worker of its. Throws a PortwrapError USAGE for what cannot be meant. */
export function readOptions(
  argv: readonly string[],
  env: Environment,
  pid: number = process.pid,
): ProxyOptions | 'help' | 'version' {
  const given = parse(argv);
  if (given.help === true) return 'help';
  if (given.version === true) return 'version';
  refuseContradictions(given);
  const sockets = inheritedSockets(env, pid);
  const inherited = (name: ListenerName): ListenAddress | undefined => {
    const descriptor = sockets.get(name);
    return descriptor === undefined ? undefined : { descriptor };
  };
  const port = number('port', given.port) ?? 8000;
  const tls = tlsFiles(given['ssl-key'], given['ssl-cert'], given['ssl-ca']);
  const redirectPort = number('redirect-port', given['redirect-port']);
  const redirect = inherited('redirect') ?? portOnAll(redirectPort);
  if (redirect !== undefined && tls === undefined) {
    throw usage('--redirect-port needs --ssl-key and --ssl-cert');
  }
  const metricsPort = number('metrics-port', given['metrics-port']);
  if (given.http2 === true && tls === undefined) throw usage('--http2 needs --ssl-key and --ssl-cert');
  return Object.freeze({
    listen: inherited('public') ?? address(given.socket, given.ip ?? '', port),
    api:
      inherited('api') ??
      address(
        given['api-socket'],
        given['api-ip'] ?? 'localhost',
        number('api-port', given['api-port']) ?? port + 1,
      ),
    metrics:
      inherited('metrics') ??
      (given['metrics-socket'] === undefined && metricsPort === undefined
        ? undefined
        : address(given['metrics-socket'], given['metrics-ip'] ?? '', metricsPort ?? 0)),
    redirect:
      redirect === undefined || (port === 80 && 'port' in redirect)
        ? undefined
        : { listen: redirect, to: number('redirect-to', given['redirect-to']) ?? port },
    token: env.CONFIGPROXY_AUTH_TOKEN ?? '',
    tls: tls && {
      ...tls,
      passphrase: env.CONFIGPROXY_SSL_KEY_PASSPHRASE,
      requestCert: given['ssl-request-cert'] ?? false,
      protocol: given['ssl-protocol'],
      ciphers: given['ssl-ciphers'],
      dhparam: given['ssl-dhparam'],
    },
    apiTls: apiTls(given, env),
    clientTls: tlsFiles(given['client-ssl-key'], given['client-ssl-cert'], given['client-ssl-ca']),
    insecure: given.insecure ?? false,
    http2: given.http2 ?? false,
    defaultTarget: given['default-target'],
    errorTarget: given['error-target'],
    errorPath: given['error-path'],
    pidFile: given['pid-file'],
    xForward: !given['no-x-forward'],
    prependPath: !given['no-prepend-path'],
    includePrefix: !given['no-include-prefix'],
    hostRouting: given['host-routing'] ?? false,
    changeOrigin: given['change-origin'] ?? false,
    autoRewrite: given['auto-rewrite'] ?? false,
    protocolRewrite: given['protocol-rewrite'],
    customHeaders: (given['custom-header'] ?? []).map(customHeader),
    timeout: number('timeout', given.timeout),
    proxyTimeout: number('proxy-timeout', given['proxy-timeout']),
    keepAliveTimeout: number('keep-alive-timeout', given['keep-alive-timeout']) ?? 5000,
    headTimeout: Math.max(1, number('head-timeout', given['head-timeout']) ?? 45_000),
    trustedProxies: trustedProxies(given['trusted-proxy'] ?? []),
    accessLog: accessLogFormat(given['access-log'] ?? 'off'),
    accessLogFile: given['access-log-file'],
    drainTime: number('drain-time', given['drain-time']) ?? 0,
    storageFile: given['storage-file'],
    workers: Math.max(1, number('workers', given.workers) ?? 1),
    engine: engineName(given.engine ?? 'relay'),
    logLevel: logLevel(given['log-level'] ?? 'info'),
  });
}

function portOnAll(port: number | undefined): ListenAddress | undefined {
  return port === undefined ? undefined : { ip: '', port };
}

type Given = ReturnType<typeof parse>;

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...flags,
        version: { ...flags.version, short: shortFlags.version },
        help: { ...flags.help, short: shortFlags.help },
      },
      strict: true,
      allowPositionals: false,
    });
    return values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error), error);
  }
}

function refuseContradictions(given: Given): void {
  const both = (a: keyof Given, b: keyof Given): void => {
    if (given[a] !== undefined && given[b] !== undefined) throw usage(`--${a} and --${b} exclude each other`);
  };
  both('error-target', 'error-path');
  for (const prefix of ['', 'api-', 'metrics-'] as const) {
    both(`${prefix}socket`, `${prefix}ip`);
    both(`${prefix}socket`, `${prefix}port`);
  }
  if (given['storage-backend'] !== undefined) {
    throw usage('--storage-backend is not supported: modules of configurable-http-proxy cannot be loaded');
  }
}

function apiTls(given: Given, env: Environment): TlsFiles | undefined {
  const files = tlsFiles(given['api-ssl-key'], given['api-ssl-cert'], given['api-ssl-ca']);
  return (
    files && {
      ...files,
      passphrase: env.CONFIGPROXY_API_SSL_KEY_PASSPHRASE,
      requestCert: given['api-ssl-request-cert'] ?? false,
    }
  );
}

function tlsFiles(key?: string, cert?: string, ca?: string): TlsFiles | undefined {
  return key === undefined && cert === undefined && ca === undefined ? undefined : { key, cert, ca };
}
