// Looks at the machine, and changes nothing: where these programs are, which hub runs, accounts, units, AppArmor.
// Not here: what follows from it (../plan/).
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { PortwrapError } from '../../../../config/errors.ts';
import { packageRoot, packageVersion } from '../../../../config/system/package.ts';
import { findAccount, readFileOrNull, runTool, type Toolbox } from '../../../../portwrap/index.ts';
import type { Choices } from './choices.ts';
import type { Facts, Files, HubProcess, Programs, UnitFact } from './facts.ts';
import { readHubSettings } from './hub-settings.ts';

/** Loads the configuration of the hub with the hub's Python. Throws SETUP_REFUSED. */
export async function look(tools: Toolbox, choices: Choices, hub: HubProcess | null): Promise<Facts> {
  const settings = hub === null ? null : await readHubSettings(tools, hub);
  const proxyAccount = await findAccount(tools, 'portwrap-proxy');
  return {
    programs: findPrograms(),
    hub: hub === null || settings === null ? null : { ...hub, settings, owner: ownerOf(settings.prefix) },
    files,
    units: await readUnits(tools),
    proxyAccount,
    appArmorProfile: missingAppArmorProfile(),
    venvPython: choices.withJupyterHub && hub === null ? await findVenvPython() : null,
    choices,
  };
}

function ownerOf(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

const files: Files = {
  get(path) {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    const { mode, uid, gid } = status;
    return { text: status.isFile() ? readFileSync(path, 'utf8') : '', mode, uid, gid };
  },
};

const programDirectories = ['/usr/bin', '/usr/local/bin'];
const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

function findPrograms(): Programs {
  const root = packageRoot();
  const directory = programDirectories.find((one) => existsSync(join(one, 'portwrap-spawner')));
  const nodeDirectory = dirname(process.execPath);
  for (const path of [root, nodeDirectory])
    if (/^\/(?:root|home)\//.test(`${path}/`)) throw installedInHome(path);
  if (directory === undefined) {
    throw new PortwrapError(
      'SETUP_REFUSED',
      `portwrap-spawner is not in ${programDirectories.join(' or ')}`,
      {
        hint: 'Install the Debian package, or the npm package with: npm install --global --prefix /usr/local',
      },
    );
  }
  const units = join(root, 'systemd');
  const shipped = '/usr/lib/systemd/system/portwrap-spawner.service';
  // of the npm package, of the Debian package
  const shared = [join(root, 'share', 'plugin'), '/usr/share/portwrap-spawner'];
  return {
    version: packageVersion(),
    directory,
    shippedUnits: new Map(
      namesIn(units)
        .filter((name) => /\.(?:service|socket)$/.test(name))
        .map((name) => [name, readFileSync(join(units, name), 'utf8')]),
    ),
    shippedTmpfiles: readFileOrNull(join(units, 'portwrap-tmpfiles.conf')),
    wheel: firstIn(shared, /^portwrap_spawner-.*\.whl$/),
    requirements: firstIn(shared, /^requirements\.txt$/),
    hasUnits: existsSync(shipped),
    nodeDirectory: systemPath.includes(nodeDirectory) ? null : nodeDirectory,
  };
}

/** Other accounts, the proxy's among them, may not enter a home. */
function installedInHome(path: string): PortwrapError {
  return new PortwrapError('SETUP_REFUSED', `${path} is in a home, which other accounts cannot enter`, {
    hint: 'Install Node and this package for all accounts: the Debian package, or npm with --prefix /usr/local.',
  });
}

function firstIn(directories: readonly string[], pattern: RegExp): string | null {
  const paths = directories.flatMap((one) => namesIn(one).map((name) => join(one, name)));
  return paths.find((path) => pattern.test(basename(path))) ?? null;
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

const unitNames = [
  ...['portwrap-spawner.service', 'portwrap-ports.service', 'jupyterhub.service'],
  ...['portwrap-proxy.service', 'portwrap-proxy.socket', 'portwrap-proxy-api.socket'],
];

async function readUnits(tools: Toolbox): Promise<ReadonlyMap<string, UnitFact>> {
  const properties = ['--property=Id,LoadState,UnitFileState,ActiveState'];
  const { output } = await runTool(tools('systemctl'), ['show', ...properties, ...unitNames]);
  const units = output.split('\n\n').map((block) => {
    const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    const fact = {
      isEnabled: value('UnitFileState') === 'enabled',
      isActive: value('ActiveState') === 'active',
    };
    return { name: value('Id'), isLoaded: value('LoadState') === 'loaded', fact };
  });
  return new Map(units.filter(({ isLoaded }) => isLoaded).map(({ name, fact }) => [name, fact]));
}

/** See docs/security.md, AppArmor. */
function missingAppArmorProfile(): string | null {
  const setting = readFileOrNull('/proc/sys/kernel/apparmor_restrict_unprivileged_userns');
  const loaded = readFileOrNull('/sys/kernel/security/apparmor/profiles') ?? '';
  if (setting?.trim() !== '1' || /^portwrap /m.test(loaded)) return null;
  return readFileOrNull(join(packageRoot(), 'apparmor', 'portwrap'));
}

/** The wheels of requirements.txt are for Python 3.11 and newer. */
async function findVenvPython(): Promise<string | null> {
  const check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
  const { exitCode } = await execa('/usr/bin/python3', ['-I', '-c', check], {
    reject: false,
    stdio: 'ignore',
  });
  return exitCode === 0 ? '/usr/bin/python3' : null;
}
