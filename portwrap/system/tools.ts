// The absolute paths of the system's programs (bwrap, slirp4netns, nft, setpriv and so on), so that no program in a
// user's PATH can replace them. Not here: their arguments.
import { delimiter, join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { isExecutable } from './access.ts';

/** Debian's package of each program that we call. */
const packages = {
  bwrap: 'bubblewrap',
  chmod: 'coreutils',
  env: 'coreutils',
  find: 'findutils',
  getent: 'libc-bin',
  id: 'coreutils',
  mkdir: 'coreutils',
  mkfifo: 'coreutils',
  'mkfs.ext4': 'e2fsprogs',
  mkhomedir_helper: 'libpam-modules-bin',
  mount: 'mount',
  nft: 'nftables',
  nsenter: 'util-linux',
  pasta: 'passt',
  realpath: 'coreutils',
  rm: 'coreutils',
  rmdir: 'coreutils',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  sh: 'dash',
  slirp4netns: 'slirp4netns',
  stdbuf: 'coreutils',
  systemctl: 'systemd',
  'systemd-run': 'systemd',
  unshare: 'util-linux',
  useradd: 'passwd',
} as const;

export type ToolName = keyof typeof packages;

export const toolNames = Object.keys(packages) as readonly ToolName[];

/** Absolute path of a program. Throws TOOL_MISSING with the command that installs it. */
export type Toolbox = (name: ToolName) => string;

const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Searches the system's directories first, then `extraPath` (colon-separated; for an unprivileged user). */
export function createToolbox(extraPath = ''): Toolbox {
  const directories = [...systemPath, ...extraPath.split(delimiter).filter((part) => part.startsWith('/'))];
  const found = new Map<ToolName, string>();
  return (name) => {
    const known = found.get(name);
    if (known !== undefined) return known;
    for (const directory of directories) {
      const path = join(directory, name);
      if (!isExecutable(path)) continue;
      found.set(name, path);
      return path;
    }
    const fix = `apt-get install ${packages[name]}`;
    throw new PortwrapError('TOOL_MISSING', `the program "${name}" is not installed`, {
      ...{ hint: `Install it: ${fix}`, fix },
    });
  };
}
