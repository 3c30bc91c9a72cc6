// The keys below `files` of a profile: a sandbox's view of the file system.
import { z } from 'zod';
import { deviceNode } from './gpus.ts';
import { pathTemplate } from './values/path-template.ts';
import { size } from './values/size.ts';

const path = pathTemplate({
  placeholders: ['username', 'home'],
  required: [],
  start: '/ or {home}, or - before it',
});
const paths = (description: string, example: string) =>
  z
    .array(path)
    .max(256)
    .default([])
    .meta({ description, examples: [[example]] });

export const filesSchema = z
  .strictObject({
    view: z.enum(['host', 'strict']).default('host').meta({
      description:
        'host: the files of the machine, as permissions allow. strict: the same, read-only but for the home, and without file systems that are mounted later. Either way /tmp, /var/tmp and /dev/shm are private, and sockets of other programs are hidden.',
    }),
    read_only: paths(
      'Paths that are not writable. In these lists {username} stands for the name of the user and {home} for the home directory; a path below another one counts more. As in systemd, - before a path leaves it out where it does not exist.',
      '{home}/.config',
    ),
    read_write: paths(
      'Paths that are writable, also in the strict view, as permissions allow.',
      '-/data/{username}',
    ),
    hide: paths(
      'Paths that are hidden. A path that does not exist is ignored; a path that the user may not access is an error.',
      '/srv/secret',
    ),
    temporary: paths(
      'Directories that start empty in the sandbox; their content is lost when the server ends.',
      '/opt/cache',
    ),
    temporary_in: z
      .union([
        z.enum(['disk', 'memory']),
        pathTemplate({ placeholders: ['username', 'home'], required: [], start: '/ or {home}' }),
      ])
      .default('disk')
      .meta({
        description:
          'Where /tmp, /var/tmp and the directories of "temporary" are kept: new and empty for each server, removed when it has ended. disk: below /var/tmp of the machine, or, in a Slurm job, in its TMPDIR. memory: as memory of the server. A path: in that directory, such as a fast disk, in which every user must be able to make directories (mode 1777); it may contain {username} and {home}.',
        examples: ['memory'],
      }),
    temporary_size: size
      .nullable()
      .default(null)
      .meta({
        description:
          'The most that temporary files may have, such as 2G. With temporary_in: disk all these directories together; it needs a service that runs as root, loop devices and mkfs.ext4 (docs/operations.md). With temporary_in: memory each of them. With a path a size is an error: use quotas of its file system. null: on disk no bound; in memory a quarter of the memory of the server, or of the machine if the server has no limit.',
        examples: ['512M'],
      }),

    devices: z
      .union([z.enum(['all', 'basic']), z.array(deviceNode).min(1).max(256)])
      .default('all')
      .meta({
        description:
          'all: the devices of the machine, as permissions allow, but for those of "gpus". basic: /dev/null, zero, full, random, urandom, tty and pseudo-terminals. A list: these, and the device nodes in it; - before one leaves it out where it does not exist.',
        examples: [['/dev/fuse', '-/dev/kvm']],
      }),
  })
  .superRefine(({ temporary_in: place, temporary_size: bound }, ctx) => {
    if (bound === null || place === 'memory' || place === 'disk') return;
    ctx.addIssue({
      code: 'custom',
      path: ['temporary_size'],
      message:
        'is possible only with temporary_in: disk or memory; in another directory, use quotas of its file system',
    });
  })
  .prefault({})
  .meta({ description: 'What the sandbox sees of the file system.' });
