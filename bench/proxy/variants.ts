// The parameters of a case of bench/proxy.ts: size of the responses, connections, TLS towards the client, and how many
// routes the table holds. Not here: starting the proxies (subjects.ts).
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Variant {
  /** Files of the listener's key and certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Offer HTTP/2; needs `tls`. */
  readonly http2?: boolean;
  /** Serve WebSockets over HTTP/2; needs `http2`. Only ours. */
  readonly http2WebSockets?: boolean;
  /** Compress responses: `--compress`, or gzip of nginx. */
  readonly compress?: boolean;
  /** Routes of users besides the default one. */
  readonly routes: number;
}

export interface Case {
  readonly size: string;
  readonly connections: string;
  readonly variant: Variant;
  /** The path to request. */
  readonly path: string;
}

/** `small-32`, `small-32-tls`, `64k-32-10000routes`. */
export function parseCase(text: string): Case {
  const [size = 'small', connections = '32', ...more] = text.split('-');
  const routes = Number(/^(\d+)routes$/.exec(more.find((word) => word.endsWith('routes')) ?? '')?.[1] ?? 0);
  const variant = { routes, ...(more.includes('tls') ? { tls: selfSigned() } : {}) };
  const prefix = routes === 0 ? '' : `/user/user-${Math.floor(routes / 2)}`;
  return { size, connections, variant, path: `${prefix}/${size}` };
}

/** Registers users' routes at the REST API, as a hub does, a hundred at a time. */
export async function addRoutes(apiPort: number, count: number, target: string): Promise<void> {
  const body = JSON.stringify({ target, user: 'user', jupyterhub: true });
  for (let first = 0; first < count; first += 100) {
    const some = Array.from({ length: Math.min(100, count - first) }, (_, index) => first + index);
    await Promise.all(
      some.map(async (index) => {
        const url = `http://localhost:${apiPort}/api/routes/user/user-${index}`;
        const answer = await fetch(url, { method: 'POST', body, headers: { Authorization: 'token bench' } });
        if (answer.status !== 201) throw new Error(`a route was refused with ${answer.status}`);
      }),
    );
  }
}

let made: { key: string; cert: string } | undefined;

function selfSigned(): { key: string; cert: string } {
  if (made !== undefined) return made;
  const directory = mkdtempSync(join(tmpdir(), 'portwrap-bench-tls-'));
  made = { key: join(directory, 'key.pem'), cert: join(directory, 'cert.pem') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', made.key, '-out', made.cert];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files, '-subj', '/CN=localhost', '-days', '2'], {
    stdio: 'pipe',
  });
  return made;
}
