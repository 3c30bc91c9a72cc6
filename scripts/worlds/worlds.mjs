// The worlds (simulated kinds of machines) for the launch tests: mount propagation, directories that are mount points,
// control groups. And the tests that run in each.
// Not here: making a world (enter.sh), running tests in it (run-world.mjs).

/** Limits, messages about them, and servers without limits. */
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

/** If mounts propagate, anything started, lost or ended at a bad moment can damage them. */
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

/** Tests that check a whole world and need it for themselves: one by one, in a second world of the kind. */
const census = ['test/integration/world/census.test.ts'];

const usual = { mounts: 'shared', own: [], home: 'plain', groups: 'machine', part: usualPart, alone: census };

/** Every world by name; missing keys are as in `usual`: systemd makes all mounts shared. */
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
