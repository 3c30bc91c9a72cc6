// What a machine has before its administrator opens docs/install.md: systemd, accounts of people, a Node that is new
// enough, and the packages in root's home. Not here: the guide.
import { basename, join } from 'node:path';
import { commandsOf, commandThatBegins } from './guide.ts';
import { bootDebian, type Machine } from './machine.ts';
import { places } from './places.ts';

export type Debian = 'debian-12' | 'debian-13';
export const debians: readonly Debian[] = ['debian-12', 'debian-13'];

/** Accounts that people sign in with; each one's password is its name and "-secret". */
const people = ['alice', 'bob'];

/** systemd is the stand-in of test/fixtures/setup. `nodeSource`: Debian 12 has a Node of NodeSource. */
export async function prepared(name: Debian, { nodeSource = true } = {}): Promise<Machine> {
  const machine = await bootDebian(name);
  try {
    await machine.output('apt-get -q update', { seconds: 1_200 });
    await machine.standInForSystemd();
    if (nodeSource) await addNode(name, machine);
    for (const account of people)
      await machine.output(
        `useradd --create-home --shell /bin/bash ${account} && echo ${account}:${account}-secret | chpasswd`,
      );
    machine.put(
      places().find(/^portwrap-spawner_0\.1\.0_.*\.deb$/),
      '/root/portwrap-spawner_0.1.0_amd64.deb',
    );
    machine.put(places().find(/^portwrap-spawner-.*\.tgz$/), '/root/portwrap-spawner-0.1.0.tgz');
    machine.put(join(import.meta.dirname, '../fixtures/install/use-hub.py'), '/root/use-hub.py');
    return machine;
  } catch (error) {
    await machine.close();
    throw error;
  }
}

/** Debian 12's Node is too old: a package of the same name stands in for NodeSource's. */
export async function addNode(name: Debian, machine: Machine): Promise<void> {
  if (name !== 'debian-12') return;
  machine.put(places().find(/^nodejs_.*\.deb$/), '/root/nodejs.deb');
  await machine.output('apt-get -q install ./nodejs.deb', { seconds: 1_200 });
}

/** Debian 12's own Node stays, and that of nodejs.org comes first in the PATH. */
export async function addNodeBeside(name: Debian, machine: Machine): Promise<void> {
  if (name !== 'debian-12') return;
  const archive = places().find(/^node-v.*\.tar\.xz$/);
  machine.put(archive, `/root/${basename(archive)}`);
  await machine.output(commandThatBegins('tar -xf node-'));
}

/** The commands under a heading, each as it is in docs/install.md, on a terminal where setup's questions get a yes. */
export async function follow(machine: Machine, heading: string): Promise<string> {
  let written = '';
  for (const command of commandsOf(heading))
    written += await machine.output(command, { seconds: 3_600, isOnTerminal: true });
  return written;
}

/** Both sign in, start a server, save a notebook and start a kernel. */
export async function peopleHaveNotebooks(machine: Machine): Promise<void> {
  for (const account of people)
    await machine.output(`python3 /root/use-hub.py http://127.0.0.1:8000 ${account} ${account}-secret`, {
      seconds: 1_200,
    });
}
