// Checks that bubblewrap can build a sandbox, and if not, which setting of this machine forbids it. One message of
// bubblewrap may have several causes, so it is evaluated together with the settings. Not here: the network.
import { restrictsNamespaces } from '../system/apparmor.ts';
import { readFileOrNull } from '../system/read-file.ts';
import { evaluateLabel, readLabel } from './apparmor.ts';
import { type Check, type DoctorContext, failed, ok, runAsAccount, warning } from './check.ts';
import { runSteadily } from './run-steadily.ts';

/** Settings that allow or forbid namespaces for ordinary users; null: this kernel has no such setting. */
export interface NamespaceSettings {
  readonly maxUserNamespaces: number | null;
  readonly maxNetNamespaces: number | null;
  /** Debian's switch; 0 forbids. */
  readonly unprivilegedClone: number | null;
  /** The label of a launch where AppArmor restricts them, as on Ubuntu; empty: not known. */
  readonly apparmorLabel: string | null;
}

export async function checkSandbox(context: DoctorContext): Promise<Check[]> {
  const settings = { ...readSettings(), apparmorLabel: await readLabel(context) };
  const bwrap = context.tools('bwrap');
  const namespaces = ['--unshare-user', '--unshare-net', '--unshare-pid', '--die-with-parent'];
  const argv = [bwrap, '--dev-bind', '/', '/', ...namespaces, '--proc', '/proc', '--', context.tools('env')];
  const run = await runSteadily(() => runAsAccount(context, argv));
  return [evaluateBwrap(run.code === 0 ? null : run.output, settings), evaluateLimits(settings)];
}

const why = 'Without namespaces there is no sandbox, so no server can start.';
const name = 'sandbox';

/** `message` is bubblewrap's error, null on success. */
export function evaluateBwrap(message: string | null, settings: NamespaceSettings): Check {
  if (message === null) return ok(name, 'bubblewrap builds one');
  const lines = message.split('\n').filter((line) => line.startsWith('bwrap:'));
  const what = lines.at(-1) ?? (message || 'bubblewrap failed without a message');
  const denied = /Failed RTM_NEWADDR: Operation not permitted|setting up uid map: Permission denied/;
  const apparmor = evaluateLabel(settings.apparmorLabel);
  if (apparmor !== null && (denied.test(message) || /No permissions to create/.test(message))) {
    return failed(name, `${what} (${apparmor.setting})`, `${why} ${apparmor.why}`, apparmor.fix);
  }
  if (/RTM_NEWADDR/.test(message) && !denied.test(message)) {
    return warning(
      name,
      what,
      'Another program configured the loopback interface before bubblewrap did. One start in hundreds may fail so.',
      'Start it again; if it fails again, look for a program that configures new network namespaces.',
    );
  }
  if (/max_\*_namespaces exceeded|ENOSPC|No space left on device/.test(message)) {
    const sysctl = settings.maxUserNamespaces === 0 ? 'user' : settings.maxNetNamespaces === 0 ? 'net' : null;
    const fix =
      sysctl === null
        ? 'sysctl -w user.max_user_namespaces=65536 user.max_net_namespaces=65536'
        : `sysctl -w user.max_${sysctl}_namespaces=65536`;
    return failed(name, what, why, fix);
  }
  if (settings.unprivilegedClone === 0 && /not permitted|No permissions/.test(message)) {
    const seen = `${what} (kernel.unprivileged_userns_clone = 0)`;
    return failed(name, seen, why, 'sysctl -w kernel.unprivileged_userns_clone=1');
  }
  if (/Can't mount proc/.test(message)) {
    const container = 'docker run --security-opt systempaths=unconfined …';
    return failed(
      name,
      what,
      'A container engine has covered parts of /proc, so no new one may be mounted.',
      container,
    );
  }
  if (/Creating new namespace failed|No permissions to create/.test(message)) {
    const container = 'docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …';
    return failed(name, what, `${why} Here a container engine's filter forbids them.`, container);
  }
  return failed(name, what, why, "See bubblewrap's message; then run portwrap doctor again.");
}

/** Each sandbox uses one user and one network namespace of its owner's quota. */
export function evaluateLimits(settings: NamespaceSettings): Check {
  const limits = { user: settings.maxUserNamespaces, net: settings.maxNetNamespaces };
  const low = Object.entries(limits).filter((entry): entry is [string, number] => (entry[1] ?? 1e9) < 1024);
  if (low.length === 0) return ok('namespaces', `at most ${limits.user} user and ${limits.net} network`);
  const what = low.map(([kind, limit]) => `user.max_${kind}_namespaces = ${limit}`).join(', ');
  const fix = `sysctl -w ${low.map(([kind]) => `user.max_${kind}_namespaces=65536`).join(' ')}`;
  return low.some(([, limit]) => limit === 0)
    ? failed('namespaces', what, why, fix)
    : warning('namespaces', what, 'Each sandbox needs one; above this number sandboxes will not start.', fix);
}

export function readSettings(): NamespaceSettings {
  return {
    maxUserNamespaces: readNumber('/proc/sys/user/max_user_namespaces'),
    maxNetNamespaces: readNumber('/proc/sys/user/max_net_namespaces'),
    unprivilegedClone: readNumber('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorLabel: restrictsNamespaces() ? '' : null,
  };
}

function readNumber(path: string): number | null {
  const text = readFileOrNull(path);
  return text === null ? null : Number(text);
}
