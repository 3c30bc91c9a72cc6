// Tries the port guard: who may connect to a port of the range. Needs root, which lends itself to other accounts for
// the moment of one connection; so it is for a process that does nothing else. Not here: the rule (port-guard.ts).
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { Config } from '../config/load.ts';
import type { Check } from '../portwrap/index.ts';
import type { Gap } from './port-guard-accounts.ts';

export interface PortGuardProbe {
  readonly hostAddress: string;
  readonly range: Config['ports']['range'];
  /** Who must get through, beside root. */
  readonly allowed: readonly number[];
  /** Who must not. */
  readonly stranger: number;
}

/** What was seen; null when no port of the range could be bound. */
export interface Passage {
  /** Of root and `allowed`: those who were refused. */
  readonly shutOut: readonly number[];
  readonly strangerPasses: boolean;
}

export async function probePortGuard(probe: PortGuardProbe): Promise<Passage | null> {
  const server = await listenInRange(probe);
  if (server === null) return null;
  const { port } = server.address() as { port: number };
  try {
    const shutOut: number[] = [];
    for (const uid of new Set([0, ...probe.allowed])) {
      if (!(await connects(probe.hostAddress, port, uid))) shutOut.push(uid);
    }
    return { shutOut, strangerPasses: await connects(probe.hostAddress, port, probe.stranger) };
  } finally {
    server.close();
    await once(server, 'close');
  }
}

/** With a gap it is never ok: who is not known has not been tried, and no rule can name them. */
export function judgePortGuard(
  passage: Passage | null,
  range: Config['ports']['range'],
  gaps: readonly Gap[],
): Check {
  const name = 'host ports';
  const ports = `${range.low}-${range.high}`;
  const why =
    'Without a rule every account of this machine can connect to every server; only its login is in the way.';
  if (passage === null) {
    const what = `none of a hundred ports of ${ports} could be bound`;
    return {
      name,
      status: 'warning',
      what,
      why: 'Starts will meet the same.',
      fix: 'Choose another ports.range.',
    };
  }
  const fix =
    gaps.length === 0
      ? 'Load the rule below.'
      : `${gaps.map((gap) => gap.fix).join('; ')}; then ask again for the rule.`;
  if (passage.shutOut.length > 0) {
    const what = `a rule refuses connections to ${ports} by uid ${passage.shutOut.join(' and ')}`;
    return { name, status: 'failed', what, why: 'No server can be reached.', fix };
  }
  const unknown = gaps.map((gap) => gap.what);
  if (passage.strangerPasses) {
    const what = `any account can connect to ${ports}`;
    return { name, status: 'warning', what: [what, ...unknown].join('; '), why, fix };
  }
  if (gaps.length > 0) {
    const risk = 'The rule in force may refuse their connections; no server could be reached then.';
    return { name, status: 'warning', what: unknown.join('; '), why: risk, fix };
  }
  return {
    name,
    status: 'ok',
    what: `only the service, the proxy, the hub and root can connect to ${ports}`,
    why: '',
    fix: '',
  };
}

async function listenInRange({ hostAddress, range }: PortGuardProbe): Promise<Server | null> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = range.low + Math.floor(Math.random() * (range.high - range.low + 1));
    const server = createServer((socket) => socket.destroy()).listen(port, hostAddress);
    const bound = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (bound) return server;
  }
  return null;
}

/** The kernel's `skuid` is who made the socket, so it is made as that account. */
async function connects(host: string, port: number, uid: number): Promise<boolean> {
  const own = process.geteuid?.() ?? 0;
  process.seteuid?.(uid);
  try {
    const socket = connect({ host, port });
    const reached = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    return reached;
  } finally {
    process.seteuid?.(own);
  }
}
