// The kinds of spawners by the names of their classes, with what a profile of each begins with.
// Not here: the rules (one file a kind), the form of what they say (rule.ts).
import { otherBatch, slurm } from './batch.ts';
import { dockerRules, systemUser } from './docker.ts';
import { hubSpawner } from './hub-spawner.ts';
import { kube } from './kube.ts';
import { localProcess, simpleLocalProcess } from './local-process.ts';
import { at, type Placed, type SpawnerRules } from './rule.ts';
import { sudo } from './sudo.ts';
import { systemd } from './systemd.ts';
import { wrap } from './wrap.ts';

/** By class; a class is looked up before its bases. */
export const rulesOf: Readonly<Record<string, SpawnerRules>> = {
  Spawner: hubSpawner,
  LocalProcessSpawner: localProcess,
  SimpleLocalProcessSpawner: simpleLocalProcess,
  SudoSpawner: sudo,
  SystemdSpawner: systemd,
  BatchSpawnerBase: otherBatch,
  SlurmSpawner: slurm,
  WrapSpawner: wrap,
  DockerSpawner: dockerRules,
  SystemUserSpawner: systemUser,
  KubeSpawner: kube,
};

/** The bases of classes that could not be imported. */
export const basesOf: Readonly<Record<string, readonly string[]>> = {
  LocalProcessSpawner: [],
  SimpleLocalProcessSpawner: ['LocalProcessSpawner'],
  SudoSpawner: ['LocalProcessSpawner'],
  SystemdSpawner: [],
  SlurmSpawner: ['BatchSpawnerBase'],
  TorqueSpawner: ['BatchSpawnerBase'],
  ProfilesSpawner: ['WrapSpawner'],
  WrapSpawner: [],
  DockerSpawner: [],
  SystemUserSpawner: ['DockerSpawner'],
  SwarmSpawner: ['DockerSpawner'],
  KubeSpawner: [],
};

export interface Machine {
  /** An address of this machine at which other machines may reach it. */
  readonly address: string;
}

/** What a profile and the service need for servers of that class. */
export function baseOf(mro: readonly string[], { address }: Machine): readonly Placed[] {
  const is = (name: string) => mro.includes(name);
  const accounts: Placed = { scope: 'service', path: ['accounts', 'mode'], value: 'dynamic' };
  if (is('SlurmSpawner'))
    return [
      at('launcher', 'slurm'),
      { scope: 'service', path: ['slurm', 'report_listen'], value: `${address}:8096` },
    ];
  if (is('SystemUserSpawner')) return [];
  return is('DockerSpawner') || is('KubeSpawner') || is('SimpleLocalProcessSpawner') ? [accounts] : [];
}

/** What is worth saying of servers of that class as a whole. `isDynamic`: accounts.mode is dynamic. */
export function remarksOn(mro: readonly string[], isDynamic: boolean): readonly string[] {
  const is = (name: string) => mro.includes(name);
  return [
    ...(is('SlurmSpawner')
      ? ['slurm.report_listen must be an address of this machine that the nodes reach: check it']
      : []),
    ...(is('BatchSpawnerBase') && !is('SlurmSpawner')
      ? ['The service knows Slurm only: servers of this profile run on this machine']
      : []),
    ...(!(is('DockerSpawner') || is('KubeSpawner')) || is('SystemUserSpawner')
      ? []
      : isDynamic
        ? ['Users need no accounts of this machine: each has a uid, and a home below accounts.home']
        : ['Users of every profile need accounts of this machine, since those of another profile do']),
  ];
}
