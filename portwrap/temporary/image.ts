// The file system of a bounded size for the temporary files of a sandbox: ext4 in a sparse file. The launch wrapper formats
// and mounts it, in the mounts of the launch alone, and removes its name at once.
// Not here: that (launch/wrapper/, native/wrapper/image.c), the directory around the file (directory.ts).
import { closeSync, existsSync, ftruncateSync, openSync } from 'node:fs';
import { PortwrapError } from '../../config/errors.ts';
import type { Toolbox } from '../system/tools.ts';

export interface TemporaryImage {
  readonly file: string;
  /** Where it is mounted. */
  readonly directory: string;
  /** The argv that formats it. */
  readonly format: readonly string[];
}

/**
 * Makes the file, of at most `bytes`. Root alone can open it: no user may write the tables that the kernel reads. When it
 * is formatted, it gets a copy of what is in `content`. Throws the error of the file system.
 */
export function makeImage(
  tools: Toolbox,
  {
    file,
    directory,
    content,
  }: { readonly file: string; readonly directory: string; readonly content: string },
  bytes: number,
): TemporaryImage {
  const format = formatArgv(tools('mkfs.ext4'), content, file);
  const opened = openSync(file, 'wx', 0o600);
  try {
    ftruncateSync(opened, bytes - (bytes % blockSize));
  } finally {
    closeSync(opened);
  }
  return { file, directory, format };
}

/** As native/wrapper/image.c has it. */
const blockSize = 4096;
/** Bytes for which there is one inode: half of the default, because temporary files are small and many. */
const bytesPerInode = 8192;

/** No journal and no reserve: nobody needs the file system after a crash. Tables are written when they are used. */
export function formatArgv(mkfs: string, content: string, file: string): string[] {
  return [
    ...[mkfs, '-q', '-F', '-b', String(blockSize), '-i', String(bytesPerInode), '-m', '0'],
    ...['-O', '^has_journal,^resize_inode', '-E', 'lazy_itable_init=1,nodiscard', '-d', content, file],
  ];
}

/** Throws LIMITS_UNAVAILABLE or TOOL_MISSING where no such file system can be mounted. */
export function requireImages(tools: Toolbox, asRoot: boolean): void {
  if (!asRoot) {
    throw new PortwrapError('LIMITS_UNAVAILABLE', 'only root can bound temporary files on disk', {
      hint: 'Start it as root; or keep temporary files in memory (files.temporary_in, --temporary-in); or leave out the size (temporary_size, --temporary-size) and use quotas of the file system.',
    });
  }
  tools('mkfs.ext4');
  if (existsSync(loopControl)) return;
  throw new PortwrapError(
    'LIMITS_UNAVAILABLE',
    `temporary files on disk cannot be bounded: ${loopControl} does not exist, so there are no loop devices`,
    {
      hint: 'Load the module: modprobe loop. In a container, give it /dev/loop-control and loop devices, or leave out the size (temporary_size, --temporary-size).',
      fix: 'modprobe loop',
    },
  );
}

const loopControl = '/dev/loop-control';

/** The wrapper could not format or mount it, and has written why. */
export function imageNotMounted(): PortwrapError {
  return new PortwrapError(
    'LIMITS_UNAVAILABLE',
    'the file system of a bounded size for temporary files could not be made',
    {
      hint: 'The message before this one, in the log of the server, says why. It needs free space, loop devices, ext4 and Linux 5.8. Or leave out the size (temporary_size, --temporary-size).',
    },
  );
}
