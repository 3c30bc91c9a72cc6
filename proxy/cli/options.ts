// Parses argv and the environment into complete options: defaults are filled in, contradictions are rejected.
// Not here: the table of options (program.ts), single values (option-values.ts), reading files (tls/read-tls.ts).
import { type Given as GivenOf, type Parsed, parseCommandLine } from '../../config/command-line/parse.ts';
import type { ListenAddress } from '../listen/listen.ts';
import { activatedSockets, type ListenerName } from '../listen/socket-activation.ts';
import type { AccessLogFormat } from '../telemetry/access-line.ts';
import type { TlsFiles } from '../tls/tls-files.ts';
import { address, usage } from './option-values.ts';
import { portwrapProxy } from './program.ts';

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
  /** Only with TLS. */
  readonly http2: boolean;
  /** Only with HTTP/2. */
  readonly http2WebSockets: boolean;
  /** Compress responses that are public and text-like. */
  readonly compress: boolean;
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
  /** Milliseconds that a client may take to send a header section. */
  readonly headTimeout: number;
  /** Peers whose X-Forwarded-* fields are accepted; all if the list is empty. */
  readonly trustedProxies: readonly string[];
  readonly accessLog: AccessLogFormat;
  /** Standard output, if undefined. */
  readonly accessLogFile: string | undefined;
  /** Milliseconds that requests in progress may take after a signal. */
  readonly drainTime: number;
  readonly storageFile: string | undefined;
  readonly workers: number;
  readonly engine: 'relay' | 'http-proxy';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ProxyRequest =
  | Exclude<Parsed<typeof portwrapProxy>, { kind: 'run' }>
  | { readonly kind: 'run'; readonly options: ProxyOptions };

/** `pid` is that of this process, or of the primary if this is a worker. Throws USAGE. */
export function readCommandLine(
  argv: readonly string[],
  env: Environment,
  pid: number = process.pid,
): ProxyRequest {
  const parsed = parseCommandLine(portwrapProxy, argv);
  if (parsed.kind !== 'run') return parsed;
  return { kind: 'run', options: completeOptions(parsed.given, env, pid) };
}

type Given = GivenOf<typeof portwrapProxy>;

function completeOptions(given: Given, env: Environment, pid: number): ProxyOptions {
  if (given['storage-backend'] !== undefined) {
    throw usage('--storage-backend is not supported: modules of configurable-http-proxy cannot be loaded');
  }
  const sockets = activatedSockets(env, pid);
  const activated = (name: ListenerName): ListenAddress | undefined => {
    const descriptor = sockets.get(name);
    return descriptor === undefined ? undefined : { descriptor };
  };
  const { port } = given;
  const tls = tlsFiles('ssl', given['ssl-key'], given['ssl-cert'], given['ssl-ca']);
  const redirect = activated('redirect') ?? portOnAll(given['redirect-port']);
  if (redirect !== undefined && tls === undefined) {
    throw usage('--redirect-port needs --ssl-key and --ssl-cert');
  }
  const metricsPort = given['metrics-port'];
  if (given.http2 && tls === undefined) throw usage('--http2 needs --ssl-key and --ssl-cert');
  const http2 = tls !== undefined && !given['no-http2'];
  if (given['http2-websockets'] && !http2) {
    throw usage('--http2-websockets needs --ssl-key and --ssl-cert, and no --no-http2');
  }
  return Object.freeze({
    listen: activated('public') ?? address(given.socket, given.ip ?? '', port),
    api: activated('api') ?? address(given['api-socket'], given['api-ip'], given['api-port'] ?? port + 1),
    metrics:
      activated('metrics') ??
      (given['metrics-socket'] === undefined && metricsPort === undefined
        ? undefined
        : address(given['metrics-socket'], given['metrics-ip'] ?? '', metricsPort ?? 0)),
    redirect:
      redirect === undefined || (port === 80 && 'port' in redirect)
        ? undefined
        : { listen: redirect, to: given['redirect-to'] ?? port },
    token: env.CONFIGPROXY_AUTH_TOKEN ?? '',
    tls: tls && {
      ...tls,
      listener: {
        passphrase: env.CONFIGPROXY_SSL_KEY_PASSPHRASE,
        passphraseVariable: 'CONFIGPROXY_SSL_KEY_PASSPHRASE',
        requestCert: given['ssl-request-cert'],
        protocol: given['ssl-protocol'],
        ciphers: given['ssl-ciphers'],
        dhparam: given['ssl-dhparam'],
      },
    },
    apiTls: apiTls(given, env),
    clientTls: tlsFiles(
      'client-ssl',
      given['client-ssl-key'],
      given['client-ssl-cert'],
      given['client-ssl-ca'],
    ),
    insecure: given.insecure ?? false,
    http2,
    http2WebSockets: given['http2-websockets'],
    compress: given.compress,
    defaultTarget: given['default-target'],
    errorTarget: given['error-target'],
    errorPath: given['error-path'],
    pidFile: given['pid-file'],
    xForward: !given['no-x-forward'],
    prependPath: !given['no-prepend-path'],
    includePrefix: !given['no-include-prefix'],
    hostRouting: given['host-routing'],
    changeOrigin: given['change-origin'],
    autoRewrite: given['auto-rewrite'],
    protocolRewrite: given['protocol-rewrite'],
    customHeaders: given['custom-header'],
    timeout: given.timeout,
    proxyTimeout: given['proxy-timeout'],
    keepAliveTimeout: given['keep-alive-timeout'],
    headTimeout: Math.max(1, given['head-timeout']),
    trustedProxies: given['trusted-proxy'],
    accessLog: given['access-log'],
    accessLogFile: given['access-log-file'],
    drainTime: given['drain-time'],
    storageFile: given['storage-file'],
    workers: Math.max(1, given.workers),
    engine: given.engine,
    logLevel: given['log-level'],
  });
}

function portOnAll(port: number | undefined): ListenAddress | undefined {
  return port === undefined ? undefined : { ip: '', port };
}

function apiTls(given: Given, env: Environment): TlsFiles | undefined {
  const files = tlsFiles('api-ssl', given['api-ssl-key'], given['api-ssl-cert'], given['api-ssl-ca']);
  return (
    files && {
      ...files,
      listener: {
        passphrase: env.CONFIGPROXY_API_SSL_KEY_PASSPHRASE,
        passphraseVariable: 'CONFIGPROXY_API_SSL_KEY_PASSPHRASE',
        requestCert: given['api-ssl-request-cert'],
      },
    }
  );
}

function tlsFiles(options: string, key?: string, cert?: string, ca?: string): TlsFiles | undefined {
  return key === undefined && cert === undefined && ca === undefined ? undefined : { options, key, cert, ca };
}
