// The keys below `files` of a profile: a sandbox's view of the file system.
import { z } from 'zod';
import { pathTemplate } from './values/path-template.ts';

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
        'host: the files of the machine, as permissions allow. strict: the same, read-only but for the home, and without file systems that are mounted later. Either way /tmp and /dev/shm are private, and sockets of other programs are hidden.',
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
      '/var/tmp',
    ),
    devices: z.enum(['all', 'basic']).default('all').meta({
      description:
        'all: the devices of the machine, as permissions allow. basic: /dev/null, zero, full, random, urandom, tty and pseudo-terminals.',
    }),
  })
  .prefault({})
  .meta({ description: 'What the sandbox sees of the file system.' });
