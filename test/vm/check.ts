// A test on the machine: begins with it as it was after the installation, and ends with nothing left of what it did.
// Not here: what "nothing" is (census.ts).
import { expect, test } from 'vitest';
import { changesSince, takeCensus } from './census.ts';
import { Hub } from './hub.ts';
import { type Machine, machineAt } from './machine.ts';

export interface Installed {
  readonly machine: Machine;
  readonly hub: Hub;
}

export const check = test.extend<{ installed: Installed }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of what a fixture needs from its argument
  installed: async ({}, use) => {
    const machine = machineAt('deployed');
    const before = await takeCensus(machine);
    const began = await machine.output('date +%s.%N');
    await use({ machine, hub: await Hub.of(machine) });
    expect.soft(await complaints(machine, began), 'complaints in the journal').toEqual([]);
    expect
      .soft(await changesSince(machine, before), 'the machine, compared to what it was before')
      .toEqual([]);
  },
});

const complaint =
  'left-over process|Failed to spawn|Device or resource busy|EBUSY|Failed to .*(control group|cgroup)|' +
  'hung task|blocked for more than|Start request repeated too quickly|Unmounting|seteuid|uncaught|INTERNAL';

/** What systemd, the kernel and our units should never have said. */
async function complaints(machine: Machine, since: string): Promise<string[]> {
  const { output } = await machine.run(
    `journalctl --no-pager -o cat --since @${since} | grep -E '${complaint}' | sort | uniq -c | sort -rn | head -n 20`,
  );
  return output.split('\n').filter(Boolean);
}
