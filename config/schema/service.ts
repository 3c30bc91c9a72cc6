// The keys below `service`: the service process itself.
import { z } from 'zod';
import { logLevels } from '../logger.ts';
import { directory } from './values/directory.ts';
import { listenAddress } from './values/listen-address.ts';

// The service creates Unix sockets in it; the kernel limits their full path to 107 bytes.
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
    metrics_listen: listenAddress
      .nullable()
      .prefault(null)
      .meta({
        description:
          'Where /metrics is served without a token, for a Prometheus of this machine; health and readiness too. null: only at "listen", with a token.',
        examples: ['127.0.0.1:9095'],
      }),
    log_bytes: z.int().min(65_536).max(67_108_864).default(1_048_576).meta({
      description:
        'The largest size of the log of one server, in bytes. A larger one replaces the older part that is kept beside it. Logs are in state_dir, so a server takes at most twice this.',
    }),
    audit: z
      .union([z.literal('syslog'), directory(4096)])
      .nullable()
      .default(null)
      .meta({
        description:
          'Where the audit trail goes, one JSON line for each start, stop, end, sign-in and action of an administrator: the path of a file, or syslog, which is the journal on machines with systemd (journalctl -t portwrap-audit). null: none.',
        examples: ['/var/log/portwrap-audit.log'],
      }),
    activity_interval: z.number().min(1).max(3600).default(120).meta({
      description: 'Seconds between two polls of a server: its kernels, terminals and last activity.',
    }),
    stop_servers_on_exit: z.boolean().default(false).meta({
      description:
        'Stop every server when the service is ended by SIGTERM or SIGINT? By default servers go on.',
    }),
    log_level: z.enum(logLevels).default('info').meta({
      description: 'The least serious messages that are logged to standard error, one JSON object a line.',
    }),
  })
  .prefault({})
  .meta({ description: 'The service process itself.' });
