// Which ports were open inside servers when they were last looked at: only those that somebody looks at are, one after
// the other, and no request waits for it. Not here: what is read (usage/observe.ts), names of programs (server-page.ts).

import type { ServerRecord } from '../../records/record.ts';
import { openPortNumbersOf } from '../../usage/observe.ts';

export interface OpenPorts {
  /** In order, as they were up to 30 seconds ago; null before the first look, which this call asks for. */
  of(record: ServerRecord): readonly number[] | null;
}

/** Milliseconds. */
const freshFor = 30_000;
/** Servers whose ports are kept; more than are shown on a page. */
const mostKept = 1_000;

interface Look {
  readonly time: number;
  readonly ports: readonly number[];
}

type LookAt = (record: ServerRecord) => Promise<readonly number[]>;

export function keepOpenPorts(lookAt: LookAt = openPortNumbersOf, now: () => number = Date.now): OpenPorts {
  const looks = new Map<string, Look>();
  const wanted = new Map<string, ServerRecord>();
  let isLooking = false;

  async function lookAtAll(): Promise<void> {
    isLooking = true;
    for (const [id, record] of wanted) {
      const ports = await lookAt(record).catch(() => []);
      looks.delete(id); // so that the order is that of the looks
      looks.set(id, { time: now(), ports });
      wanted.delete(id);
    }
    for (const id of looks.keys()) {
      if (looks.size <= mostKept) break;
      looks.delete(id);
    }
    isLooking = false;
  }

  return {
    of(record) {
      const look = looks.get(record.id);
      if (record.sandbox === null) return [];
      if (look === undefined || now() - look.time >= freshFor) {
        wanted.set(record.id, record);
        if (!isLooking) void lookAtAll();
      }
      return look?.ports ?? null;
    },
  };
}
