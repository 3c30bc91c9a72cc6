// Boots the machine and restores snapshots.
// Not here: qemu (qemu.mjs), the installation (deploy.mjs).
import { step } from '../setup/say.mjs';
import { loadSnapshot, saveSnapshot, startMachine } from './qemu.mjs';
import { endSharedLogin, runInMachine, waitForLogin } from './ssh.mjs';

// No session but the one that asks: those of a snapshot belong to connections that are gone.
const endOtherSessions = `
others() {
  for session in $(loginctl list-sessions --no-legend | awk '{print $1}'); do
    [ "$session" = "$XDG_SESSION_ID" ] || [ "$(loginctl show-session -P Class "$session")" != user ] || echo "$session"
  done
}
for session in $(others); do loginctl terminate-session "$session"; done
until [ -z "$(others)" ]; do sleep 0.5; done`;

/** Boots, waits until it has booted altogether, and keeps that as the snapshot "boot". */
export async function startFresh() {
  endSharedLogin();
  await step('Booting the virtual machine', async (onLine) => {
    await startMachine();
    await waitForLogin();
    await runInMachine('systemctl is-system-running --wait || systemctl --failed --no-pager', { onLine });
  });
  await keep('boot');
}

/** Keeps the machine as it is now, without login sessions, under a name. */
export async function keep(snapshot) {
  await step(`Keeping the machine as "${snapshot}"`, async () => {
    await runInMachine('sync', {});
    endSharedLogin();
    await saveSnapshot(snapshot);
  });
}

export async function putBack(snapshot) {
  await step(`Putting the machine back to "${snapshot}"`, async () => {
    endSharedLogin();
    await loadSnapshot(snapshot);
    await waitForLogin();
    await runInMachine(endOtherSessions, { minutes: 3 });
  });
}
