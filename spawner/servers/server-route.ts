// The route of one server: it leads to the server's host port as long as the forward holds that port, and at no other
// time, since another program may take the port of a forwarder that has died.
// Not here: the proxy's table (routes/routes.ts), attaching a forwarder again (portwrap/).
import { type NetworkEvent, withDeadline } from '../../portwrap/index.ts';
import { addressOf } from '../records/record.ts';
import { urlOf } from './exit-reason.ts';
import { logNetwork } from './forward/network-entry.ts';
import type { Life } from './life.ts';

/** Without a forward it is added when there is one again. */
export async function addRoute(life: Life): Promise<void> {
  life.isRouted = true;
  const target = targetOf(life);
  if (life.route !== null && target !== null && life.forward.isUp)
    await life.parts.routes.add(life.route, target);
  await life.parts.portRoutes.begin(life.record);
}

export async function removeRoute(life: Life): Promise<void> {
  life.isRouted = false;
  const target = targetOf(life);
  if (life.route !== null && target !== null) await life.parts.routes.remove(life.route, target);
  await life.parts.portRoutes.end(life.record);
}

/** When it resolves after the death of a forwarder, the proxy sends nobody to the port any more. */
export async function networkChanged(life: Life, event: NetworkEvent): Promise<void> {
  logNetwork(life.log, event);
  if (event.program === 'uplink') return; // the way in is as it was
  if (event.kind === 'died') {
    life.forward.change(false);
    await suspendRoute(life);
  }
  if (event.kind === 'reattached') {
    life.forward.change(true);
    if (life.isRouted) await addRoute(life);
  }
}

/** A proxy that does not answer must not hold up the new forwarder, which takes the port back. */
async function suspendRoute({ route, parts, ...life }: Life): Promise<void> {
  const target = targetOf(life);
  if (route === null || target === null) return;
  const late = () => new Error('the proxy did not answer in time');
  await withDeadline(parts.routes.suspend(route, target), proxyPatience, late).catch(() => {});
}

/** Milliseconds. */
const proxyPatience = 1_000;

function targetOf({ record, running }: Pick<Life, 'record' | 'running'>): string | null {
  const address = running ?? addressOf(record);
  return address === null ? null : urlOf(record, address);
}
