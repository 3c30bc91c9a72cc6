// One of several processes that serve the public listener: has a copy of the route table, and reports activity. Ends
// when its primary ends.
// Not here: the REST API and the authoritative table (primary.ts).
import type { Logger } from '../../config/logger.ts';
import type { ProxyOptions } from '../cli/options.ts';
import { type Clock, createRouteTable } from '../routes/table.ts';
import { createCounters } from '../telemetry/counters.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { type PublicSide, servePublic } from './public-side.ts';

export interface Channel {
  send(message: FromWorker): void;
  onMessage(handler: (message: ToWorker) => void): void;
}

export async function runWorker(
  options: ProxyOptions,
  channel: Channel,
  log: Logger,
  clock: Clock = Date.now,
): Promise<void> {
  const table = createRouteTable(clock, options.hostRouting);
  const counters = createCounters();
  if (options.metrics !== undefined) counters.startTimings();
  const side = await servePublic(options, table, counters, log, clock);
  let reported = 0;
  const report = (number: number): void => {
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
  setInterval(() => report(0), reportInterval).unref();
  channel.onMessage((message) => {
    switch (message.kind) {
      case 'start':
        for (const route of message.routes) table.add(route.path, route.data, route.lastActivity);
        start(side, options, channel);
        break;
      case 'add':
        table.add(message.route.path, message.route.data, message.route.lastActivity);
        break;
      case 'remove':
        table.remove(message.path);
        break;
      case 'report':
        report(message.number);
        break;
      case 'drain':
        side.drain().then(() => channel.send({ kind: 'drained' }));
        break;
      case 'leave':
        side.leave().then(() => channel.send({ kind: 'drained' }));
        break;
    }
  });
  channel.send({ kind: 'ready' });
}

function start(side: PublicSide, options: ProxyOptions, channel: Channel): void {
  side.listen(options.listen).then(
    (port) => channel.send({ kind: 'listening', port }),
    (error: unknown) =>
      channel.send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
}

/** Milliseconds between periodic reports. */
const reportInterval = 1000;
