// /dev/net/tun, which slirp4netns opens as the user whose server it forwards to. Not here: packages.
import { accessSync, chmodSync, constants, statSync } from 'node:fs';
import { Refusal, say } from './say.mjs';

const device = '/dev/net/tun';

/** Before a demo: an ordinary user must be able to open it. */
export function checkTunDevice(path = device) {
  if (process.getuid() === 0) return;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const remedy = error.code === 'ENOENT' ? 'modprobe tun' : `chmod 0666 ${path}`;
    throw new Refusal(
      `${path} cannot be opened (${error.code}), and sandboxes need it for their network.\n` +
        `Run this command, then start again:\n\n  sudo ${remedy}\n`,
    );
  }
}

/** Before tests, which run sandboxes as ordinary users even when they are run by root. */
export function openTunDevice(path = device) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || process.getuid() !== 0 || (status.mode & 0o006) === 0o006) return;
  chmodSync(path, 0o666);
  say(`Opened ${path} to every user (mode 0666), as it is on most machines: tests run as ordinary users.`);
}
