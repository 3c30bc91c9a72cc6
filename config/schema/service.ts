// The keys below `service`: the service process itself.
import { z } from 'zod';
import { logLevels } from '../logger.ts';
import { directory } from './directory.ts';
import { listenAddress } from './listen-address.ts';

// The service makes unix sockets below it, whose whole path the kernel limits to 107 bytes.
const longestStateDirectory = 79;

export const serviceSchema = z
  .strictObject({
    listen: listenAddress.prefault('127.0.0.1:8095').meta({
      description:
        'Where the service listens for its hubs: "ADDRESS:PORT", or "unix:/PATH" for a unix socket (put it into a directory that only the hub may enter). It speaks plain HTTP with tokens, so keep it on the loopback address. Port 0 takes any free port.',
      examples: ['unix:/run/portwrap-spawner/hub.sock'],
    }),
    state_dir: directory(longestStateDirectory)
      .default('/run/portwrap-spawner')
      .meta({
        description:
          'Directory, at most 79 bytes long, for the records of running servers and their sockets; it is made with mode 0700. It must survive a restart of the service and be gone after a reboot: keep it below /run.',
        examples: ['/run/user/1000/portwrap-spawner'],
      }),
    log_level: z.enum(logLevels).default('info').meta({
      description: 'The least serious messages that are logged to standard error, one JSON object a line.',
    }),
  })
  .prefault({})
  .meta({ description: 'The service process itself.' });
