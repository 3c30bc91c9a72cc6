// What the page says about one server, gathered: from its record, its control group and its sandbox's ports.
// Not here: how it is shown.
import type { Config } from '../../../config/load.ts';
import { type ActivityView, nothingKnown } from '../../culling/activity.ts';
import { type ServerRecord, serverLabel } from '../../records/record.ts';
import type { Server } from '../../servers/server.ts';
import type { UsageReadings } from '../../usage/cache.ts';
import type { UsageHistory, UsageSample } from '../../usage/history.ts';
import type { UsageLimits } from '../../usage/observe.ts';

export interface ServerFacts {
  readonly record: ServerRecord;
  /** user or user/name. */
  readonly label: string;
  /** What people call the profile; its name when it is gone. */
  readonly profileTitle: string;
  /** What the profile says it offers; "" when it is gone, or says nothing. */
  readonly description: string;
  /** Oldest first; the last one is of now. */
  readonly samples: readonly UsageSample[];
  readonly limits: UsageLimits;
  /** What the start is doing, or why the server has ended. */
  readonly message: string;
  readonly activity: ActivityView;
}

export type GatherFacts = (server: Server) => ServerFacts;

/** Where the facts come from. */
export interface Sources {
  readonly profiles: () => Config['profiles'];
  readonly usage: Pick<UsageReadings, 'of'>;
  readonly history: Pick<UsageHistory, 'of'>;
  /** What a server has been doing, by the id of its record. */
  readonly activityOf: (id: string) => ActivityView;
}

export function createGatherFacts({ profiles, usage, history, activityOf }: Sources): GatherFacts {
  return (server) => {
    const { record } = server;
    const profile = profiles().find(({ name }) => name === record.profile);
    return {
      record,
      label: serverLabel(record),
      profileTitle: profile?.title ?? record.profile,
      description: profile?.description ?? '',
      samples: history.of(record),
      limits: usage.of(record)?.limits ?? noLimits,
      message: messageOf(server),
      activity: record.state === 'ready' ? activityOf(record.id) : nothingKnown,
    };
  };
}

const noLimits: UsageLimits = { memory: null, cpus: null };

function messageOf({ record, progress }: Server): string {
  if (record.state === 'exited') return record.exit?.reason ?? '';
  if (record.state !== 'starting') return '';
  let message = '';
  progress.follow(0, (event) => {
    message = event.message;
  })();
  return message;
}
