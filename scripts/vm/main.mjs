// The virtual machine by hand: node scripts/vm/main.mjs COMMAND. CONTRIBUTING.md says what for.
// Not here: the tests in it (test.mjs).
import { spawnSync } from 'node:child_process';
import { main, Refusal, say } from '../setup/say.mjs';
import { deploy } from './deploy.mjs';
import { ensureImage } from './image.mjs';
import { putBack, startFresh } from './machine.mjs';
import { machinePorts, stopMachine } from './qemu.mjs';
import { checkout, runDirectory, suite } from './settings.mjs';
import { endSharedLogin, sshArguments } from './ssh.mjs';

const usage = `node scripts/vm/main.mjs COMMAND
  image            makes the image of the machine, unless it is there
  start            boots a machine as the image has it, in place of the one that runs
  deploy           builds this checkout and installs it in the machine as it was after its boot
  back SNAPSHOT    puts the machine back: "boot" or "deployed"
  ssh [USER@] ...  runs a command in the machine, or a shell; "ssh -n" in a login of its own
  describe         prints what a program needs to reach the machine, as JSON
  stop             ends the machine
Environment: VM_SUITE (trixie, bookworm), VM_DIR, VM_MEMORY, VM_CPUS, VM_ACCEL, VM_CPU, MIRROR`;

const commands = {
  image: ensureImage,
  start: async () => {
    await ensureImage();
    await startFresh();
  },
  deploy,
  back: (snapshot) => putBack(snapshot),
  ssh: (...words) => {
    const shared = words[0] !== '-n';
    if (!shared) words.shift();
    const account = words[0]?.endsWith('@') ? words.shift().slice(0, -1) : 'root';
    const terminal = words.length === 0 ? ['-t'] : [];
    const login = sshArguments(account, { shared: shared && account === 'root' });
    const { status } = spawnSync('ssh', [...terminal, ...login, ...words], { stdio: 'inherit' });
    return status ?? 1;
  },
  describe: () => {
    const { web } = machinePorts();
    const ssh = (account, shared) => ['ssh', ...sshArguments(account, { shared })];
    say(
      JSON.stringify({
        suite,
        checkout,
        console: `${runDirectory}/console.log`,
        web: `http://127.0.0.1:${web}`,
        root: ssh('root', true),
        login: ssh('ACCOUNT', false),
      }),
    );
  },
  stop: async () => {
    endSharedLogin();
    await stopMachine();
  },
};

await main(async () => {
  const [name = '', ...words] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new Refusal(usage, 2);
  const code = await command(...words);
  return typeof code === 'number' ? code : 0;
});
