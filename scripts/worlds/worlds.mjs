// The machines that the launch tests run on, as far as one machine can be made to look like another: how mounts
// propagate, which directories are mounts of their own, what there is of control groups. And which tests run in each.
// Not here: making a world (enter.sh), running tests in it (run-world.mjs).

/** Limits, what is told of them, and servers that have none. */
const limited = [
  'test/integration/portwrap/doctor.test.ts',
  'test/integration/portwrap/options.test.ts',
  'test/integration/spawner/servers/life.test.ts',
  'test/integration/spawner/servers/sandbox.test.ts',
];

const usualPart = [
  ...limited,
  'test/integration/portwrap/command.test.ts',
  'test/integration/portwrap/inside.test.ts',
];

/** Where mounts propagate, whatever is started, lost and ended at a bad moment may damage them. */
const propagating = [
  ...usualPart,
  'test/integration/portwrap/detached.test.ts',
  'test/integration/portwrap/ending.test.ts',
  'test/integration/portwrap/faults.test.ts',
];

/** As on most machines. */
const everything = [
  ...propagating,
  'test/contract/forwarder.test.ts',
  'test/integration/spawner/servers/restart.test.ts',
];

/** What looks at a whole world, where nobody else may act: one after the other, in a second world of the kind. */
const census = ['test/integration/world/census.test.ts'];

const usual = { mounts: 'shared', own: [], home: 'plain', groups: 'machine', part: usualPart, alone: census };

/** Every world by its name; what it does not say is as `usual`: systemd makes all mounts shared. */
export const worlds = [
  { ...usual, name: 'private', title: 'all mounts private', mounts: 'private' },
  { ...usual, name: 'shared', title: 'all mounts shared', part: everything },
  { ...usual, name: 'slave', title: 'all mounts slave', mounts: 'slave' },
  {
    ...usual,
    name: 'own-mounts',
    title: '/tmp, /home and /var are mounts',
    own: ['/tmp', '/home', '/var'],
    part: propagating,
  },
  {
    ...usual,
    name: 'automount',
    title: '/home is an automount',
    home: 'automount',
    alone: [...census, 'test/integration/world/automount.test.ts'],
  },
  {
    ...usual,
    name: 'groups-2',
    title: 'control groups of version 2 without controllers',
    groups: 'version-2',
    part: limited,
  },
  { ...usual, name: 'groups-none', title: 'no control groups', groups: 'none', part: limited },
  {
    ...usual,
    name: 'groups-read-only',
    title: 'read-only control groups',
    groups: 'read-only',
    part: limited,
  },
];
