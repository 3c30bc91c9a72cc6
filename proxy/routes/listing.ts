// Serialises routes as JSON. A large table is written in slices, so that a hub that lists it does not delay other
// requests; the constant part of a route is serialised once.
// Not here: selecting routes, authorisation (api.ts).
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Route, RouteTable } from './table.ts';

export function routeJson(route: Route): string {
  let fixed = fixedParts.get(route);
  if (fixed === undefined) {
    fixed = JSON.stringify(route.data).slice(0, -1);
    fixedParts.set(route, fixed);
  }
  return `${fixed},"last_activity":"${new Date(route.lastActivity).toISOString()}"}`;
}

/** Writes all routes, or those not active since `since`, and ends `res`. */
export async function listRoutes(table: RouteTable, since: number | undefined, res: ServerResponse) {
  let slice = '{';
  let first = true;
  let inSlice = 0;
  for (const route of [...table.routes()]) {
    if (since !== undefined && route.lastActivity >= since) continue;
    slice += `${first ? '' : ','}${JSON.stringify(route.path)}:${routeJson(route)}`;
    first = false;
    if (++inSlice < sliceSize) continue;
    if (!res.write(slice) && !res.destroyed) await drained(res);
    if (res.destroyed) return;
    await nextTurn();
    slice = '';
    inSlice = 0;
  }
  res.end(`${slice}}`);
}

/** Resolves when more may be written, or the client has disconnected. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
  });
}

/** Routes per event-loop turn: well under a millisecond of work. */
const sliceSize = 200;

/** The data of a route never changes, only its last activity: a new POST creates a new route. */
const fixedParts = new WeakMap<Route, string>();
