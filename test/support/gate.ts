// A server that waits in the middle of its start, at a FIFO named "gate" in its home, until a test lets it go on.
// Not here: the profile that does so (`mkfifo gate && cat gate`).
import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { TestService } from './service.ts';

export interface Gate {
  /** The server goes on. */
  open(): void;
}

/** Settles when the server waits there and is in a record on the disk, by which the next service finds it. */
export async function atGate({ directory }: Pick<TestService, 'directory'>, user: string): Promise<Gate> {
  const path = join(directory, 'homes', user, 'gate');
  const records = join(directory, 'state', 'records');
  const patience = { timeout: 60_000, interval: 50 };
  const find = () =>
    readdirSync(records)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(records, name), 'utf8')))
      .some((record) => record.user === user && record.sandbox !== null);
  await vi.waitUntil(find, patience);
  // the reader opens it a moment after it was made
  const descriptor = await vi.waitUntil(() => openedForWriting(path), patience);
  return { open: () => closeSync(descriptor) };
}

/** Undefined while nobody reads. */
function openedForWriting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
