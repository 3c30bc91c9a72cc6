// Installs missing system packages with apt-get, or prints the command for it.
// Not here: the requirements (needs.mjs), checking for them (look.mjs).
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { choosePython, findCommand } from './look.mjs';
import { Refusal, run, say, step } from './say.mjs';

/** Installs what is missing; returns the Python that has JupyterHub. */
export async function ensureSystemPackages(needs) {
  const wanted = lookFor(needs);
  if (wanted.packages.length === 0) return wanted.python;
  await install(wanted.packages, needs.ifAvailable ?? []);
  const { python, missing } = lookFor(needs);
  if (missing.length > 0) {
    throw new Refusal(`Still missing after the installation: ${missing.join(', ')}.`);
  }
  return python;
}

export function isInstalled(needs) {
  return lookFor(needs).missing.length === 0;
}

function lookFor({ commands, modules }) {
  const { python, missing: missingModules } = choosePython(Object.keys(modules));
  const missingCommands = Object.keys(commands).filter((name) => findCommand(name) === undefined);
  const packages = new Set([
    ...missingCommands.flatMap((name) => commands[name]),
    ...missingModules.map((name) => modules[name]),
  ]);
  return { python, packages: [...packages].sort(), missing: [...missingCommands, ...missingModules] };
}

async function install(packages, ifAvailable) {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (findCommand('apt-get') === undefined) {
    throw new Refusal(
      `Missing on this machine (by their Debian names): ${packages.join(', ')}.\n` +
        'There is no apt-get here: install them with your package manager, then run this again.',
    );
  }
  const become = findRoot();
  if (become === undefined) {
    throw new Refusal(
      `System packages are missing: ${packages.join(', ')}.\n` +
        `Installing them needs root. Run this command, then start again:\n\n  sudo sh -c '${command}'\n`,
    );
  }
  const nodeBefore = process.version;
  const hadHub = existsSync('/usr/bin/jupyterhub');
  const apt = (title, ...args) => {
    const [program, ...before] = [...become, 'apt-get'];
    return step(title, (onLine) =>
      run(program, [...before, '-q', '-o', 'Dpkg::Use-Pty=0', ...args], {
        env: { DEBIAN_FRONTEND: 'noninteractive' },
        onLine,
      }),
    );
  };
  await apt('Reading the package lists (apt-get update)', 'update');
  const all = [...packages, ...ifAvailable.filter(isKnown)];
  await apt(`Installing ${all.join(', ')}`, 'install', '-y', '--no-install-recommends', ...all);
  if (!hadHub && existsSync('/usr/bin/jupyterhub')) await keepHubServiceOff(become);
  checkThatNodeIsStillThere(nodeBefore);
}

/** To apt, after its update. */
function isKnown(name) {
  const { status } = spawnSync('apt-cache', ['show', name], { stdio: 'ignore' });
  return status === 0;
}

/** Command prefix to run as root: empty if we are root; undefined if it is impossible. */
function findRoot() {
  if (process.getuid() === 0) return [];
  if (findCommand('sudo') === undefined) return undefined;
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const sudo = interactive ? ['sudo'] : ['sudo', '-n'];
  try {
    execFileSync(sudo[0], [...sudo.slice(1), 'true'], { stdio: interactive ? 'inherit' : 'ignore' });
    // sudo drops our environment; it accepts variables as arguments.
    return [...sudo, 'DEBIAN_FRONTEND=noninteractive'];
  } catch {
    return undefined;
  }
}

/** Debian's package starts its own hub as a system service, on the port that the demo uses. */
async function keepHubServiceOff(become) {
  if (!existsSync('/run/systemd/system')) return;
  const command = [...become, 'systemctl', 'disable', '--now', 'jupyterhub.service'];
  await step("Turning off the jupyterhub.service that came with Debian's package", (onLine) =>
    run(command[0], command.slice(1), { onLine }),
  ).catch((error) => say(error.message));
}

/** Debian's jupyterhub installs Debian's nodejs, which may replace ours. */
function checkThatNodeIsStillThere(before) {
  let after;
  try {
    after = execFileSync(process.execPath, ['--version'], { encoding: 'utf8' }).trim();
  } catch (error) {
    after = error.message;
  }
  if (after === before) return;
  throw new Refusal(
    `The packages replaced Node ${before} at ${process.execPath} (now: ${after}).\n` +
      'Install Node 20.19 or later again, in /usr/local for example, and start again.',
  );
}
