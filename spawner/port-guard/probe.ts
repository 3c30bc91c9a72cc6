// Tests the port guard: which accounts can connect to a port of the range. Needs root.
// Not here: the rule (rule.ts), a connection as another account (connect-as.ts).
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Config } from '../../config/load.ts';
import { type Check, firstOf, portsFromRandom, type Toolbox } from '../../portwrap/index.ts';
import type { Gap } from './accounts.ts';
import { connectAs } from './connect-as.ts';

export interface PortGuardProbe {
  readonly tools: Toolbox;
  readonly hostAddress: string;
  readonly range: Config['ports']['range'];
  /** The uids that must be able to connect, besides root. */
  readonly allowed: readonly number[];
  /** A uid that must be refused. */
  readonly stranger: number;
  /** The program that connects; this Node except in tests. */
  readonly program?: string | undefined;
}

/** The result of the test; null when no port of the range could be bound. */
export interface PortGuardResult {
  /** The uids of root and `allowed` that were refused. */
  readonly shutOut: readonly number[];
  readonly strangerPasses: boolean;
  /** The uids for which no connection could be attempted, and why: the result for them is unknown. */
  readonly untried: readonly { readonly uid: number; readonly why: string }[];
}

/** How many ports of the range are tried for the listener. */
const mostTries = 100;

export async function probePortGuard(probe: PortGuardProbe): Promise<PortGuardResult | null> {
  const server = await listenInRange(probe);
  if (server === null) return null;
  const place = { host: probe.hostAddress, port: (server.address() as AddressInfo).port };
  const shutOut: number[] = [];
  const untried: { uid: number; why: string }[] = [];
  let strangerPasses = false;
  try {
    for (const uid of new Set([0, ...probe.allowed, probe.stranger])) {
      const attempt = await connectAs(probe.tools, uid, place, probe.program);
      if (typeof attempt === 'object') untried.push({ uid, why: attempt.untried });
      else if (uid === probe.stranger) strangerPasses = attempt === 'reached';
      else if (attempt === 'refused') shutOut.push(uid);
    }
    return { shutOut, strangerPasses, untried };
  } finally {
    server.close();
    await once(server, 'close');
  }
}

/** With a gap the result is never ok: an unknown account was not tested, and no rule can name it. */
export function evaluatePortGuard(
  result: PortGuardResult | null,
  range: Config['ports']['range'],
  gaps: readonly Gap[],
): Check {
  const name = 'host ports';
  const ports = `${range.low}-${range.high}`;
  const why =
    'Without a rule every account of this machine can connect to every server; only its login protects it.';
  if (result === null) {
    const what = `no port of ${ports} could be bound; up to ${mostTries} were tried`;
    return {
      name,
      status: 'warning',
      what,
      why: 'Starts of servers will fail in the same way.',
      fix: 'Choose another ports.range.',
    };
  }
  const fix =
    gaps.length === 0
      ? 'Load the rule below.'
      : `${gaps.map((gap) => gap.fix).join('; ')}; then run this again for the rule.`;
  if (result.shutOut.length > 0) {
    const what = `a rule refuses connections to ${ports} by uid ${result.shutOut.join(' and ')}`;
    return { name, status: 'failed', what, why: 'No server can be reached.', fix };
  }
  const untried = result.untried.map(
    ({ uid, why: reason }) => `could not try a connection as uid ${uid}: ${reason}`,
  );
  const unknown = [...gaps.map((gap) => gap.what), ...untried];
  if (result.strangerPasses) {
    const what = `any account can connect to ${ports}`;
    return { name, status: 'warning', what: [what, ...unknown].join('; '), why, fix };
  }
  if (untried.length > 0 && gaps.length === 0) {
    const risk = 'Whether the host ports are closed to other accounts is not known.';
    const remedy = 'Remove that obstacle and run this again, or try a connection as that account yourself.';
    return { name, status: 'warning', what: unknown.join('; '), why: risk, fix: remedy };
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
  for (const port of firstOf(portsFromRandom(range), mostTries)) {
    const server = createServer((socket) => socket.destroy()).listen(port, hostAddress);
    const bound = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (bound) return server;
  }
  return null;
}
