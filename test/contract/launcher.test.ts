// Every launcher of the table runs the contract suite. Not here: the suite (launcher.contract.ts).
import { expect, test } from 'vitest';
import { type LauncherName, launcherNames } from '../../spawner/records/launcher-names.ts';
import { isRoot, openTunDevice, testAccount } from '../support/machine/accounts.ts';
import { processesBelow, startService } from '../support/service.ts';
import { slurmSettings, startCluster } from '../support/slurm/slurm.ts';
import { contractProfiles, describeLauncher, type LauncherWorld } from './launcher.contract.ts';

const limits = 'limits: {servers_per_user: 100}';

const worlds: Readonly<Partial<Record<LauncherName, () => Promise<LauncherWorld>>>> = {
  async local() {
    const service = await startService(contractProfiles(), limits);
    await service.restart(); // its first life was on any port, and its file names the one it got
    return {
      service,
      users: ['ann', 'bea'],
      async dispose() {
        await service.dispose();
        expect(processesBelow(service.directory)).toEqual([]);
      },
    };
  },
  async slurm() {
    openTunDevice();
    const users = [testAccount('a').name, testAccount('b').name] as const;
    const cluster = await startCluster();
    const profiles = contractProfiles('launcher: slurm, slurm: {time: 30}');
    const service = await startService(profiles, `${limits}\n${slurmSettings(cluster)}`, {
      accounts: '{mode: system}',
    });
    await service.restart();
    return {
      ...{ service, users },
      async dispose() {
        await service.dispose();
        await cluster.dispose();
      },
    };
  },
};
/** A cluster of one's own takes root. */
const possible = launcherNames.filter((name) => isRoot || name !== 'slurm');

test('every launcher there is runs the contract suite', () => {
  expect(Object.keys(worlds).sort()).toEqual([...launcherNames].sort());
});

for (const name of possible) {
  const open = worlds[name];
  if (open !== undefined) describeLauncher(name, open); // else the test above has failed
}
