// The keys below `profiles`: the kinds of servers that users can start, and the network access of their sandboxes.
import { z } from 'zod';
import { cullingSchema } from './culling.ts';
import { filesSchema } from './files.ts';
import { audienceShape } from './profile/audience.ts';
import { optionsFit } from './profile/fit.ts';
import { hooksSchema } from './profile/hooks.ts';
import { jobSchema } from './profile/job.ts';
import { optionsSchema } from './profile/options.ts';
import { portSharingSchema } from './profile/port-sharing.ts';
import { command, environment, searchPath } from './profile/program.ts';
import { resourcesSchema } from './profile/resources.ts';
import { sessionShape } from './profile/session.ts';
import { itemName, uniqueNames } from './values/item-name.ts';
import { pathTemplate } from './values/path-template.ts';
import { titleText } from './values/title.ts';

/** The families in common use; the kernel has more. Their numbers are in portwrap/launch/system-call-filter.ts. */
const socketFamilyNames = [
  'unix',
  'inet',
  'inet6',
  'netlink',
  'packet',
  'rds',
  'can',
  'tipc',
  'bluetooth',
  'alg',
  'vsock',
  'smc',
  'xdp',
] as const;

const moduleName = z.string().regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, {
  error: 'must be the name of a module of Python',
});
const seconds = z.number().min(0.1).max(3600);

const networkSchema = z
  .strictObject({
    hub: z
      .boolean()
      .default(true)
      .meta({ description: "May the sandbox reach its hub's api_url? jupyterhub-singleuser needs it." }),
    internet: z
      .union([
        z.boolean(),
        z.strictObject({
          allow: z.array(z.cidrv4()).max(256).default(['0.0.0.0/0']),
          deny: z.array(z.cidrv4()).max(256).default([]),
        }),
      ])
      .default(true)
      .meta({
        description:
          'May the sandbox reach other machines: true, false, or lists of networks, where deny takes precedence. Addresses of this machine are refused in any case.',
        examples: [{ allow: ['198.51.100.0/24'], deny: ['198.51.100.7/32'] }],
      }),
    dns: z
      .boolean()
      .default(true)
      .meta({ description: 'May the sandbox resolve names through the resolver of this machine?' }),
    socket_families: z
      .array(z.enum(socketFamilyNames))
      .min(1)
      .default(['unix', 'inet', 'inet6', 'netlink'])
      .meta({
        description:
          'The kinds of sockets that programs may make, by the names of address_families(7). The network of a sandbox does not keep the others apart, or not wholly: vsock, for instance, reaches the host of a virtual machine.',
        examples: [['unix', 'inet', 'inet6', 'netlink', 'can']],
      }),
    host_ports: z
      .array(z.int().min(1).max(65_535))
      .default([])
      .meta({
        description:
          'Further TCP ports on the loopback address of this machine that the sandbox may reach, at 10.0.2.2.',
        examples: [[5432]],
      }),
  })
  .prefault({})
  .meta({ description: 'What the sandbox may reach; everything else of this machine is refused.' });

const profileSchema = z
  .strictObject({
    name: itemName.meta({
      description: 'The name by which a hub asks for this profile. At most 32 of a-z, 0-9 and "-".',
      examples: ['default'],
    }),
    title: titleText
      .nullable()
      .default(null)
      .meta({
        description:
          'What people see instead of the name: on the spawn page, in the progress of a start, on the admin page. null: the name.',
        examples: ['Large memory'],
      }),
    description: z
      .string()
      .max(1000)
      .default('')
      .meta({ description: 'What people read about it when they choose.', examples: ['JupyterLab'] }),
    ...audienceShape('this profile'),
    command: command.default(['jupyterhub-singleuser']).meta({
      description:
        'The program and its arguments, if the hub sends none. No shell is involved. {guest-port} in an argument is replaced by the number in guest_port.',
      examples: [['jupyterhub-singleuser', '--ServerApp.terminals_enabled=False']],
    }),
    preload: z
      .union([z.literal('jupyter'), z.array(moduleName).min(1).max(200)])
      .nullable()
      .default(null)
      .meta({
        description:
          'Start servers of this profile by forking a process that has imported these modules of Python already: jupyter, or a list of modules. A server is then ready in a fraction of a second, and shares the memory of the modules. Starts that cannot be forked go on as a command (docs/preload.md). null: every server is a command.',
        examples: ['jupyter'],
      }),
    guest_port: z.int().min(1024).max(65_535).default(8888).meta({
      description:
        'The port inside the sandbox where the server listens; with the forwarder slirp4netns on 0.0.0.0.',
    }),
    environment: environment.default({}).meta({
      description:
        'Environment variables to add, name: value, both text. A variable that the hub sends keeps the value of the hub.',
      examples: [{ OMP_NUM_THREADS: '1' }],
    }),
    path: searchPath.default(['/usr/local/bin', '/usr/bin', '/bin']).meta({
      description: 'The directories in PATH when the hub sends no PATH, the first one searched first.',
      examples: [['/opt/conda/bin', '/usr/local/bin', '/usr/bin', '/bin']],
    }),
    login_shell: z.boolean().default(false).meta({
      description:
        'Start the command from a login shell (bash), which reads /etc/profile and the files of the user: for environment modules or conda. By default a server gets only the variables of the hub and of this profile. The directories of path then come after those that the shell sets.',
    }),
    ...sessionShape,
    ready_path: pathTemplate({ placeholders: ['prefix'], required: [], start: '/ or {prefix}' })
      .default('{prefix}')
      .meta({
        description:
          'The server is ready when a request for this path gets a status below 500. {prefix} stands for the prefix of its route, as in /user/alice/.',
        examples: ['{prefix}api'],
      }),
    ready_timeout: seconds.default(60).meta({
      description:
        'Seconds within which a server must be ready; otherwise it is stopped. Keep it a few seconds below start_timeout of the hub, so that the reason reaches the user.',
    }),
    stop_timeout: seconds.default(10).meta({
      description:
        'Seconds that a server has to end after SIGTERM before everything in its sandbox is killed.',
    }),
    max_servers: z
      .int()
      .min(1)
      .max(100_000)
      .nullable()
      .default(null)
      .meta({
        description: 'Servers of this profile at the same time. null: only "limits" apply.',
        examples: [20],
      }),
    options: optionsSchema,
    network: networkSchema,
    files: filesSchema,
    resources: resourcesSchema,
    culling: cullingSchema,
    hooks: hooksSchema,
    port_links: z.boolean().default(true).meta({
      description:
        'May users open ports inside servers of this profile in the browser? Counts only with "port_links" of the service, and not with launcher slurm.',
    }),
    port_sharing: portSharingSchema,
    launcher: z.enum(['local', 'slurm']).default('local').meta({
      description:
        'Where its servers run. local: on this machine. slurm: each in a job of the cluster (see "slurm"), in the same sandbox on the node.',
    }),
    slurm: jobSchema,
    forwarder: z
      .enum(['builtin', 'slirp4netns', 'pasta'])
      .nullable()
      .default(null)
      .meta({
        description:
          'The program that forwards the port, the way in. builtin: connections are passed on by the kernel, and servers that listen on 127.0.0.1 only are reached. slirp4netns and pasta: their own forward; they are the uplink, too. pasta loses the end of some large answers to clients that close their direction first. null: builtin, or the forward of the uplink where the program for builtin is not built (portwrap-spawner doctor says so).',
        examples: ['builtin'],
      }),
    uplink: z
      .enum(['slirp4netns', 'pasta'])
      .nullable()
      .default(null)
      .meta({
        description:
          'The program that leads out to what "network" allows. It is not started where "network" allows neither internet nor DNS. slirp4netns: 1 MB a server. pasta: 20 MB a server, and several times faster; not the version of Debian 12, which can lose the end of large transfers. null: slirp4netns, or the forwarder if that is pasta.',
        examples: ['pasta'],
      }),
  })
  .superRefine((profile, ctx) => {
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    const { forwarder, uplink } = profile;
    if (forwarder !== null && forwarder !== 'builtin' && uplink !== null && uplink !== forwarder)
      refuse(['uplink'], `must be null with forwarder ${forwarder}, which is its own uplink`);
    if (profile.login_shell && profile.preload !== null)
      refuse(['preload'], 'must be null with login_shell, whose commands are known at the start only');
    if (profile.launcher === 'slurm') {
      if (profile.preload !== null) refuse(['preload'], 'must be null with launcher slurm');
      // an ordinary user's job cannot create control groups, and Slurm has its own
      const { nice, gpus, ...limits } = profile.resources;
      if (nice !== 0) refuse(['resources', 'nice'], 'must be 0 with launcher slurm');
      if (gpus !== 0) refuse(['resources', 'gpus'], 'must be 0 with launcher slurm: set slurm.gres');
      if (profile.files.temporary_size !== null && profile.files.temporary_in !== 'memory')
        refuse(
          ['files', 'temporary_size'],
          'is possible only with temporary_in: memory with launcher slurm, whose jobs are not of root',
        );
      for (const key of ['memory', 'memory_high', 'cpus', 'processes', 'cpu_weight', 'io_weight'] as const) {
        const instead = key === 'memory' || key === 'cpus' ? `slurm.${key}` : 'slurm.options';
        if (limits[key] !== null)
          refuse(['resources', key], `must be null with launcher slurm: set ${instead}`);
      }
    }
    optionsFit(profile.launcher, profile.options, refuse);
  })
  .transform((profile) => ({ ...profile, title: profile.title ?? profile.name }));

export const profilesSchema = z
  .array(profileSchema)
  .min(1)
  .superRefine(uniqueNames, { when: () => true })
  .prefault([{ name: 'default' }])
  .meta({
    description:
      'What may be started, at least one; the first that is offered to the user is used when the hub asks for none by name.',
  });
