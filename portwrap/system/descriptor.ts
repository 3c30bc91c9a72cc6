// A file descriptor with an owner: close() closes it once, however often it is called.
// Not here: pipes of children, which are streams.
import { closeSync } from 'node:fs';
import type { Teardown } from './teardown.ts';

export interface Descriptor {
  readonly fd: number;
  close(): void;
}

export function ownDescriptor(fd: number): Descriptor {
  let open = true;
  return {
    fd,
    close() {
      if (!open) return;
      open = false;
      closeSync(fd);
    },
  };
}

/** Owns descriptors, and closes those that are still open when `undo` runs. */
export function ownUntil(undo: Teardown): (fd: number) => Descriptor {
  return (fd) => {
    const descriptor = ownDescriptor(fd);
    undo.add('descriptor', descriptor.close);
    return descriptor;
  };
}
