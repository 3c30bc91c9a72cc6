// Keys of a profile for what a server finds when it begins: its shell, file mode mask and working directory.
// Not here: its command and environment (profiles.ts).
import { z } from 'zod';
import { pathTemplate } from '../values/path-template.ts';

export const sessionShape = {
  shell: z
    .string()
    .regex(/^\/[^\0:\s]*$/, { error: 'must be an absolute path' })
    .nullable()
    .default(null)
    .meta({
      description:
        'The shell of terminals (SHELL), for accounts whose login shell is /usr/sbin/nologin. null: the login shell of the account.',
      examples: ['/bin/bash'],
    }),
  umask: z
    .string({ error: 'must be octal digits in quotes, such as "027"' })
    .regex(/^0?[0-7]{3}$/, { error: 'must be three octal digits in quotes, such as "027"' })
    .default('022')
    .meta({
      description:
        'The permissions that new files of a server do not get, in octal digits: "077" keeps them from everybody else, "002" lets the group write.',
      examples: ['027'],
    }),
  working_directory: pathTemplate({
    placeholders: ['username', 'home'],
    required: [],
    start: '/ or {home}',
  })
    .default('{home}')
    .meta({
      description:
        'Where a server begins. {username} stands for the name of the user and {home} for the home directory. It must exist; with the view strict, only the home is writable unless read_write has it.',
      examples: ['/data/{username}'],
    }),
} as const;
