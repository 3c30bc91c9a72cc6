// One virtual machine under qemu: its disk is an overlay over the image, which is never written. It can be put back
// to a snapshot in seconds, with all that ran in it.
// Not here: the image (image.sh), running commands inside (ssh.mjs).
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Refusal } from '../setup/say.mjs';
import { hardware, imageDirectory, runDirectory } from './settings.mjs';

const qmpSocket = join(runDirectory, 'qmp.sock');
const portsFile = join(runDirectory, 'ports.json');
const pidFile = join(runDirectory, 'qemu.pid');
const disk = join(runDirectory, 'disk.qcow2');

/** Boots a machine as the image has it; resolves when qemu runs. Login is possible a minute later. */
export async function startMachine() {
  await stopMachine();
  rmSync(runDirectory, { recursive: true, force: true });
  mkdirSync(runDirectory, { recursive: true });
  const base = join(imageDirectory, 'base.img');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, disk]);
  writeFileSync(portsFile, JSON.stringify({ ssh: await freePort(), web: await freePort() }));
  await startQemu([]);
}

/** Keeps the disk and the memory as they are now, under a name. */
export async function saveSnapshot(name) {
  const said = await command('human-monitor-command', { 'command-line': `savevm ${name}` }, 300_000);
  if (said.trim() !== '') throw new Refusal(`qemu, savevm ${name}: ${said.trim()}`);
}

/** In a qemu of its own: within one process the machine's clocks would jump by what has passed since the snapshot. */
export async function loadSnapshot(name) {
  await stopMachine();
  await startQemu(['-loadvm', name]);
}

async function startQemu(more) {
  const log = openSync(join(runDirectory, 'qemu.log'), 'a');
  const child = spawn('nice', ['-n', '5', 'qemu-system-x86_64', ...qemuArguments(), ...more], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Refusal(`qemu ended with ${code}: ${qemuLog()}`)));
  });
  ended.catch(() => {});
  // at once: a later run must find the process, even if this one is ended during the start
  writeFileSync(pidFile, String(child.pid));
  child.unref();
  await Promise.race([ended, command('query-status', {}, 300_000)]);
  child.removeAllListeners();
}

/** Powers the machine off without a shutdown; resolves when its qemu has ended. */
export async function stopMachine() {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await command('quit', {}, 1000).catch(() => {}); // it is gone already
  const deadline = Date.now() + 60_000;
  while (isQemu(pid)) {
    if (Date.now() > deadline) throw new Refusal(`qemu (pid ${pid}) does not end`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  rmSync(pidFile);
}

/** The ports of 127.0.0.1 that lead to ssh and to port 8000 of the machine. */
export function machinePorts() {
  if (!existsSync(portsFile)) {
    throw new Refusal(`No machine runs in ${runDirectory}: node scripts/vm/main.mjs start`);
  }
  return JSON.parse(readFileSync(portsFile, 'utf8'));
}

/** Until it is gone altogether: a qemu that is ending has no command line any more, and holds its disk still. */
function isQemu(pid) {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0];
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return state !== 'Z' && (command === '' || command.includes(qmpSocket));
  } catch {
    return false;
  }
}

function qemuArguments() {
  const ports = machinePorts();
  const forward = (from, to) => `hostfwd=tcp:127.0.0.1:${from}-:${to}`;
  return [
    ...['-machine', 'q35', '-accel', hardware.accelerator, '-cpu', hardware.processor],
    ...['-smp', hardware.processors, '-m', hardware.memory, '-display', 'none'],
    ...['-kernel', join(imageDirectory, 'vmlinuz'), '-initrd', join(imageDirectory, 'initrd')],
    ...['-append', 'root=/dev/vda rw console=ttyS0,115200 mitigations=off'],
    ...['-drive', `file=${disk},if=virtio,format=qcow2,cache=unsafe`],
    // the machine has no network access; we reach two of its ports
    ...['-netdev', `user,id=net,restrict=on,${forward(ports.ssh, 22)},${forward(ports.web, 8000)}`],
    ...['-device', 'virtio-net-pci,netdev=net', '-device', 'virtio-rng-pci'],
    ...['-serial', `file:${join(runDirectory, 'console.log')}`, '-monitor', 'none'],
    ...['-qmp', `unix:${qmpSocket},server=on,wait=off`],
  ];
}

/** https://www.qemu.org/docs/master/interop/qmp-spec.html; tries to connect until qemu listens. */
async function command(name, args, milliseconds) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    try {
      return await exchange(name, args, deadline - Date.now());
    } catch (error) {
      if (!['ENOENT', 'ECONNREFUSED'].includes(error.code) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function exchange(name, args, milliseconds) {
  const socket = createConnection(qmpSocket);
  const timer = setTimeout(() => socket.destroy(new Refusal(`qemu does not answer ${name}`)), milliseconds);
  try {
    const failed = new Promise((_, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(new Refusal(`qemu has closed its monitor at ${name}`)));
    });
    failed.catch(() => {});
    const answers = [];
    let wake = () => {};
    createInterface({ input: socket })
      .on('line', (line) => {
        const answer = JSON.parse(line);
        if ('return' in answer || 'error' in answer) answers.push(answer);
        wake();
      })
      .on('error', () => {}); // reported by the socket
    const ask = async (execute, parameters) => {
      socket.write(`${JSON.stringify({ execute, arguments: parameters })}\n`);
      while (answers.length === 0) {
        await Promise.race([failed, new Promise((resolve) => (wake = resolve))]);
      }
      const answer = answers.shift();
      if ('error' in answer) throw new Refusal(`qemu, ${execute}: ${answer.error.desc}`);
      return answer.return;
    };
    await ask('qmp_capabilities', {});
    return await ask(name, args);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const qemuLog = () => readFileSync(join(runDirectory, 'qemu.log'), 'utf8').trim();
