// Commands in the machine, over ssh. Commands of root share one login; a new login is a new session.
// Not here: the commands.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Refusal } from '../setup/say.mjs';
import { machinePorts } from './qemu.mjs';
import { imageDirectory, runDirectory } from './settings.mjs';

const sharedLogin = join(runDirectory, 'ssh.sock');

/** The words of an ssh command line, up to where the remote command begins. */
export function sshArguments(account, { shared }) {
  const options = [
    `Port=${machinePorts().ssh}`,
    `IdentityFile=${join(imageDirectory, 'key')}`,
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'BatchMode=yes',
    'ConnectTimeout=120',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=8',
    ...(shared
      ? [`ControlPath=${sharedLogin}`, 'ControlMaster=auto', 'ControlPersist=yes']
      : ['ControlPath=none']),
  ];
  return ['-F', 'none', ...options.flatMap((option) => ['-o', option]), `${account}@127.0.0.1`];
}

/** Runs a shell command as root with `input`, and shows its output; throws when it fails. */
export async function runInMachine(command, { input = '', onLine, minutes = 10 }) {
  const child = spawn('ssh', [...sshArguments('root', { shared: true }), command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: minutes * 60_000,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data;
      for (const line of String(data).split('\n').filter(Boolean)) onLine?.(line);
    });
  }
  child.stdin.on('error', () => {}); // the exit code says it
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  if (code !== 0) throw new Refusal(`In the machine, "${command}" failed (${code}):\n${text.slice(-3000)}`);
  return text;
}

/** Waits until root can log in. */
export async function waitForLogin(minutes = 8) {
  const deadline = Date.now() + minutes * 60_000;
  for (;;) {
    const { status, stderr } = spawnSync('ssh', [...sshArguments('root', { shared: false }), 'true'], {
      encoding: 'utf8',
      timeout: 200_000,
    });
    if (status === 0) return;
    if (Date.now() > deadline) throw new Refusal(`Nobody can log in after ${minutes} minutes: ${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Leaves the shared login: before a snapshot, and when the machine was put back to one. */
export function endSharedLogin() {
  spawnSync('ssh', ['-F', 'none', '-S', sharedLogin, '-O', 'exit', '127.0.0.1'], { stdio: 'ignore' });
}
