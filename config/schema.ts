// The configuration file as one zod schema: every key, its type, default, help and limits. Types, the JSON
// schema, hub-config.example.yaml and docs/configuration.md are generated from it.
// Not here: reading a file (load.ts), the wording of problems (issue.ts).
import { z } from 'zod';
import type { Frozen } from './freeze.ts';
import { accountsSchema } from './schema/accounts.ts';
import { adminPageSchema, hubOfAdminPage } from './schema/admin-page.ts';
import { gpusSchema } from './schema/gpus.ts';
import { hubsSchema } from './schema/hubs.ts';
import { limitsSchema } from './schema/limits.ts';
import { portLinksFit, portLinksSchema } from './schema/port-links.ts';
import { portsSchema } from './schema/ports.ts';
import { unixGroupsIn } from './schema/profile/audience.ts';
import { everySets } from './schema/profile/fit.ts';
import { profilesSchema } from './schema/profiles.ts';
import { proxySchema } from './schema/proxy.ts';
import { serviceSchema } from './schema/service.ts';
import { slurmSchema } from './schema/slurm.ts';
import type { SecretKey } from './schema/values/secret.ts';

export const configSchema = z
  .strictObject({
    service: serviceSchema,
    hubs: hubsSchema,
    proxy: proxySchema,
    accounts: accountsSchema,
    ports: portsSchema,
    limits: limitsSchema,
    gpus: gpusSchema,
    slurm: slurmSchema,
    profiles: profilesSchema,
    admin_page: adminPageSchema,
    port_links: portLinksSchema,
  })
  .superRefine(({ accounts, profiles, slurm }, ctx) => {
    const jobs = profiles.findIndex(({ launcher }) => launcher === 'slurm');
    if (jobs === -1) return;
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    if (slurm.report_listen === null || slurm.report_listen.kind === 'unix' || slurm.report_listen.port === 0)
      refuse(
        ['profiles', jobs, 'launcher'],
        'slurm needs slurm.report_listen, a TCP address and port that the nodes reach',
      );
    if (accounts.mode === 'dynamic')
      refuse(
        ['profiles', jobs, 'launcher'],
        'slurm needs accounts that the nodes know: accounts.mode system or service',
      );
    for (const [index, profile] of profiles.entries()) {
      if (profile.slurm.host_interface !== null && slurm.node_networks.length === 0)
        refuse(
          ['profiles', index, 'slurm', 'host_interface'],
          'needs slurm.node_networks, to tell which addresses are nodes',
        );
    }
  })
  .superRefine(({ gpus, profiles }, ctx) => {
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    const pool = gpus.devices.flatMap(({ nodes }) => nodes);
    for (const [index, { resources, files, options }] of profiles.entries()) {
      const wanted = [
        { path: ['resources', 'gpus'], count: resources.gpus },
        ...everySets(options).map(({ path, sets }) => ({
          path: [...path, 'resources', 'gpus'],
          count: sets.resources.gpus ?? 0,
        })),
      ];
      for (const { path, count } of wanted)
        if (count > gpus.devices.length)
          refuse(
            ['profiles', index, ...path],
            `must be at most ${gpus.devices.length}: that many are in "gpus.devices"`,
          );
      for (const [at, path] of (typeof files.devices === 'string' ? [] : files.devices).entries())
        if (pool.includes(path.replace(/^-/, '')))
          refuse(
            ['profiles', index, 'files', 'devices', at],
            'is in "gpus.devices": set resources.gpus, so that one server has it at a time',
          );
    }
  })
  .superRefine(({ accounts, profiles }, ctx) => {
    if (accounts.mode === 'system') return;
    for (const [index, profile] of profiles.entries())
      for (const path of unixGroupsIn(profile))
        ctx.addIssue({
          code: 'custom',
          path: ['profiles', index, ...path],
          message: `must be null with accounts.mode ${accounts.mode}: users have no groups of this machine`,
        });
  })
  .superRefine(hubOfAdminPage)
  .superRefine(portLinksFit)
  .meta({ title: 'portwrap-spawner configuration' });

/** A configuration file, parsed and complete, with unresolved secrets. */
export type ConfigFile = Frozen<z.output<typeof configSchema>>;

/** The service's configuration: complete, deep-frozen, secrets resolved. Times are in seconds. */
export interface Config extends Omit<ConfigFile, 'hubs' | 'proxy' | 'admin_page'> {
  /** Absolute paths of the configuration file, of every file with a secret and of directories of nothing else: hidden from sandboxes that run as our account. */
  readonly private_files: readonly string[];
  /** At least one; names and tokens are unique. */
  readonly hubs: readonly Hub[];
  /** `null`: the service registers no routes. */
  readonly proxy: Proxy | null;
  /** `null`: no page. */
  readonly admin_page: AdminPage | null;
}

/** A hub that may start servers; its `token` has 16 or more printable ASCII characters. */
export type Hub = Omit<WithoutSecretKeys<ConfigFile['hubs'][number]>, 'reaper'> & {
  readonly token: string;
  readonly reaper: Reaper | null;
};
/** Comparison with the list of servers of a hub; `token` is an API token of that hub. */
export type Reaper = WithoutSecretKeys<NonNullable<ConfigFile['hubs'][number]['reaper']>> & {
  readonly token: string;
};
/** The proxy where routes are registered; `token: null` if it needs none. */
export type Proxy = WithoutSecretKeys<NonNullable<ConfigFile['proxy']>> & { readonly token: string | null };
/** The admin page: the name of its hub, and the API token that it uses there. */
export type AdminPage = WithoutSecretKeys<NonNullable<ConfigFile['admin_page']>> & {
  readonly hub: string;
  readonly token: string;
};
/** A kind of server that users can start. The first profile is the default. */
export type Profile = ConfigFile['profiles'][number];
/** The network access of a profile's sandbox. */
export type NetworkPolicy = Profile['network'];
/** An option that a user can set when starting a server of a profile. */
export type ProfileOption = Profile['options'][number];
/** Where the service listens. */
export type ListenAddress = ConfigFile['service']['listen'];

type WithoutSecretKeys<T> = Omit<T, SecretKey>;
