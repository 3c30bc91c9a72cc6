// Attaches a forwarder or an uplink again to a sandbox that has lost it. Not here: when (keep-program.ts).
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { enterCgroup } from '../cgroups/cgroup.ts';
import type { Attached, UplinkRequest } from '../network/uplink.ts';
import { fifos, type Liveness, makeFifos } from '../system/liveness.ts';
import { isAlive } from '../system/process.ts';
import type { SandboxContext } from './context.ts';
import type { SandboxRecord } from './record.ts';

/** On the same host port. */
export function attachForwarderAgain(
  context: SandboxContext,
  record: SandboxRecord,
  life: Liveness,
): Promise<Attached> {
  const { hostAddress, hostPort, guestPort, routes } = record;
  const forward = { hostAddress, hostPorts: [hostPort], guestPort, routes, messages: null };
  return attachAgain(context, record, life, fifos.forwarder, (request) =>
    context.network.forwarder.attach({ ...request, ...forward }),
  );
}

export function attachUplinkAgain(
  context: SandboxContext,
  record: SandboxRecord,
  life: Liveness,
): Promise<Attached> {
  return attachAgain(context, record, life, fifos.uplink, async (request) => {
    const { uplink } = context.network;
    if (uplink === null) throw new PortwrapError('FORWARD_FAILED', 'the forwarder is now its own uplink');
    return uplink.attach(request);
  });
}

/** A foreground sandbox has no directory any more: it gets a temporary one. */
async function attachAgain(
  { tools }: SandboxContext,
  { directory, child, hostLoopback, dns, ipv6, cgroup }: SandboxRecord,
  life: Liveness,
  fifo: string,
  attach: (request: UplinkRequest) => Promise<Attached>,
): Promise<Attached> {
  if (!isAlive(child)) throw new PortwrapError('FORWARD_FAILED', 'the sandbox has ended');
  // a new name, since another program may have taken the old one meanwhile
  const temporary = existsSync(join(directory, fifos.life)) ? null : mkdtempSync(`${directory}-`);
  try {
    if (temporary !== null) await makeFifos(tools, [join(temporary, fifo)]);
    const place = { directory: temporary ?? directory, life, child: child.pid };
    const attached = await attach({ ...place, hostLoopback, dns, ipv6 });
    // as in the launch (launch/launch.ts)
    if (cgroup !== null) enterCgroup(cgroup, attached.pids).catch(() => {});
    return attached;
  } finally {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true });
  }
}
