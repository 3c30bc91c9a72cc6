// A file descriptor that somebody owns: closed once, however often it is asked.
// Not here: pipes of children, which are streams.
import { closeSync } from 'node:fs';

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
