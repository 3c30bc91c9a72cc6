// One of several processes that serve the public listener: has a copy of the route table, and reports activity. Ends
// when its primary ends.
// Not here: the REST API and the authoritative table (primary.ts).
import { toPortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { ProxyOptions } from '../cli/options.ts';
import { type Clock, createRouteTable } from '../routes/table.ts';
import { createCounters } from '../telemetry/counters.ts';
import type { TlsSets } from '../tls/certificates.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { type PublicSide, servePublic } from './public-side.ts';

export interface Channel {
  send(message: FromWorker): void;
  onMessage(handler: (message: ToWorker) => void): void;
}

export function runWorker(
  options: ProxyOptions,
  channel: Channel,
  log: Logger,
  clock: Clock = Date.now,
): void {
  const table = createRouteTable(clock, options.hostRouting);
  const counters = createCounters();
  if (options.metrics !== undefined) counters.startTimings();
  let reported = 0;
  const report = (side: PublicSide, number: number): void => {
    const since = reported;
    reported = clock();
    const activity: [string, number][] = [];
    for (const { path, lastActivity } of table.routes())
      if (lastActivity >= since) activity.push([path, lastActivity]);
    channel.send({
      kind: 'report',
      number,
      activity,
      connections: side.count(),
      clients: side.clients(),
      counters: counters.snapshot(),
    });
  };
  /** Makes the public side, which listens when it has the routes and certificates of the primary. */
  const begin = async (tls: TlsSets): Promise<PublicSide> => {
    const side = await servePublic(options, table, counters, log, clock, tls);
    const port = await side.listen(options.listen);
    setInterval(() => report(side, 0), reportInterval).unref();
    channel.send({ kind: 'listening', port });
    return side;
  };
  let begun: Promise<PublicSide> = new Promise(() => undefined);
  /** In the order of the messages, also before the worker listens. */
  const later = (action: (side: PublicSide) => void): void => void begun.then(action, () => undefined);
  channel.onMessage((message) => {
    switch (message.kind) {
      case 'start':
        for (const route of message.routes) table.add(route.path, route.data, route.lastActivity);
        begun = begin(message.tls);
        begun.catch((thrown: unknown) => {
          const { code, message: text, hint } = toPortwrapError(thrown);
          channel.send({ kind: 'failed', code, message: text, hint });
        });
        break;
      case 'add':
        table.add(message.route.path, message.route.data, message.route.lastActivity);
        break;
      case 'remove':
        table.remove(message.path);
        break;
      case 'report':
        later((side) => report(side, message.number));
        break;
      case 'tls':
        later((side) => side.renewTls(message.tls));
        break;
      case 'reopenLog':
        later((side) => side.reopenLog());
        break;
      case 'drain':
        later((side) => side.drain().then(() => channel.send({ kind: 'drained' })));
        break;
      case 'leave':
        later((side) => side.leave().then(() => channel.send({ kind: 'drained' })));
        break;
    }
  });
  channel.send({ kind: 'ready' });
}

/** Milliseconds between periodic reports. */
const reportInterval = 1000;
