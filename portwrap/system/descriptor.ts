// A file descriptor that somebody owns: closed once, however often it is asked.
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

/** Owns descriptors that are closed when `undo` runs, if they were not before. */
export function ownUntil(undo: Teardown): (fd: number) => Descriptor {
  return (fd) => {
    const descriptor = ownDescriptor(fd);
    undo.add('descriptor', descriptor.close);
    return descriptor;
  };
}
