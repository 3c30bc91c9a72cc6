// The events of one start, replayable by any number of readers. Not here: how they are sent (http/).
import type { ErrorBody } from './record.ts';

export interface ProgressEvent {
  readonly id: number;
  /** Percent. */
  readonly progress: number;
  readonly message: string;
  readonly ready?: true;
  readonly failed?: true;
  readonly url?: string;
  /** The path, on the host of the hub, of the page with the ports that are open inside. */
  readonly ports_page?: string;
  readonly error?: ErrorBody;
}

export interface ProgressLog {
  /** Adds an event; nothing is added after a last one (`ready` or `failed`). */
  add(event: Omit<ProgressEvent, 'id'>): void;
  /** Gives every event after `lastId`, old ones at once and new ones as they come; returns how to end. */
  follow(lastId: number, reader: (event: ProgressEvent) => void): () => void;
}

export function createProgressLog(): ProgressLog {
  const events: ProgressEvent[] = [];
  const readers = new Set<(event: ProgressEvent) => void>();
  return {
    add(fields) {
      const last = events.at(-1);
      if (last !== undefined && isLast(last)) return;
      const event = { id: events.length + 1, ...fields };
      events.push(event);
      for (const reader of readers) reader(event);
    },
    follow(lastId, reader) {
      // a reader that has seen more than there is followed the log of a service before this one
      const from = lastId > events.length ? 0 : lastId;
      for (const event of events.slice(from)) reader(event);
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}

export function isLast(event: ProgressEvent): boolean {
  return event.ready === true || event.failed === true;
}
