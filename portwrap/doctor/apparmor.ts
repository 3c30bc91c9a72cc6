// What AppArmor needs, where it restricts unprivileged user namespaces (Ubuntu 24.04 and later), for launches by root
// and by ordinary users. Not here: entering the profiles (system/apparmor.ts), the probes that fail without them
// (sandbox.ts, network.ts).
import { join } from 'node:path';
import { packageRoot } from '../../config/system/package.ts';
import { restrictsNamespaces } from '../system/apparmor.ts';
import { type DoctorContext, runAsAccount } from './check.ts';

/** The label (apparmor(7)) in which a launch by the caller runs bubblewrap; null: namespaces are not restricted. */
export async function readLabel(context: DoctorContext): Promise<string | null> {
  if (!restrictsNamespaces()) return null;
  const show = 'read -r label </proc/self/attr/apparmor/current && printf "%s" "$label"';
  const { output } = await runAsAccount(context, [context.tools('sh'), '-c', show]);
  return output;
}

export interface AppArmorFinding {
  /** The setting that forbids it. */
  readonly setting: string;
  readonly why: string;
  readonly fix: string;
}

/**
 * Why a sandbox with that label may not be built, or may not load its rules; null: not because of AppArmor. An empty
 * label is one that is not known.
 */
export function evaluateLabel(label: string | null): AppArmorFinding | null {
  if (label === null) return null;
  if (label.includes('//&unconfined')) {
    return {
      setting: 'kernel.apparmor_restrict_unprivileged_unconfined = 1',
      why: 'Launches by root work; ordinary users cannot enter the AppArmor profile "portwrap". The fix lets them, and so gives every user of this machine user namespaces.',
      fix: load('portwrap-users'),
    };
  }
  if (/^portwrap( |\/\/)/.test(label)) return null;
  return {
    setting: 'kernel.apparmor_restrict_unprivileged_userns = 1',
    why: 'AppArmor forbids it to programs without a profile for it, also to those that root runs as an account.',
    fix: load('portwrap'),
  };
}

/** The command that loads one of our files of profiles. */
function load(name: string): string {
  const file = join(packageRoot(), 'apparmor', name);
  return `install -m 0644 ${file} /etc/apparmor.d/ && apparmor_parser -r /etc/apparmor.d/${name}`;
}
