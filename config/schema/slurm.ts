// The keys below `slurm`: access to the cluster, and from its nodes to the service.
// Not here: the job of a profile (profile/job.ts).
import { z } from 'zod';
import { httpUrl } from './values/http-url.ts';
import { listenAddress } from './values/listen-address.ts';

const absolute = z.string().regex(/^\/[^\0\n]*$/, { error: 'must be an absolute path' });

export const slurmSchema = z
  .strictObject({
    report_listen: listenAddress
      .nullable()
      .prefault(null)
      .meta({
        description:
          'Where jobs report to the service: an address that every node can reach; nothing else needs to. Required when a profile has launcher slurm. Only jobs are accepted there, each with its own secret.',
        examples: ['10.1.0.1:8096'],
      }),
    report_url: httpUrl
      .nullable()
      .default(null)
      .meta({
        description:
          'The URL at which nodes reach report_listen, if it differs. https, with a TLS proxy, encrypts what jobs report; Node on the nodes must trust its certificate. null: http://ADDRESS:PORT of report_listen.',
        examples: ['https://hub.example:8097'],
      }),
    node_networks: z
      .array(z.cidrv4())
      .max(64)
      .default([])
      .meta({
        description:
          'The networks in which nodes may offer servers. Empty: only the address from which a job reports. Needed if a profile has host_interface.',
        examples: [['10.1.0.0/16']],
      }),
    conf: absolute
      .nullable()
      .default(null)
      .meta({
        description: "The cluster's configuration (SLURM_CONF). null: where Slurm looks for it.",
        examples: ['/etc/slurm/slurm.conf'],
      }),
    commands: absolute
      .nullable()
      .default(null)
      .meta({
        description:
          'The directory of sbatch, squeue, scancel, scontrol, sacct and sstat. null: they are on the system path.',
        examples: ['/opt/slurm/bin'],
      }),
    portwrap: z
      .array(
        z
          .string()
          .min(1)
          .regex(/^[^\0\n]*$/),
      )
      .min(1)
      .nullable()
      .default(null)
      .meta({
        description:
          'The portwrap command on the nodes. null: that of this service, at the same path, for a shared file system.',
        examples: [['/opt/portwrap/bin/portwrap']],
      }),
    interval: z.number().min(0.5).max(300).default(5).meta({
      description:
        'Seconds between two calls of squeue, each for all servers. A job reports itself when its server runs or has ended.',
    }),
    warn_before_end: z.number().min(0).max(86_400).default(300).meta({
      description: 'Seconds before the time limit at which the log of a server warns. 0: never.',
    }),
  })
  .prefault({})
  .meta({
    description: 'The Slurm cluster on which profiles with launcher slurm run their servers.',
  });
