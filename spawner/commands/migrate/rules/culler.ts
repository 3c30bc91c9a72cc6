// What becomes of jupyterhub-idle-culler, a service of the hub: its numbers are the culling of every profile.
import type { Culler } from '../read/settings.ts';
import { at, type Labelled, none, type Placed, yaml } from './rule.ts';

/** Seconds of jupyterhub-idle-culler without --timeout. */
const defaultTimeout = 600;

export function cullerOutcomes(cullers: readonly Culler[]): readonly Labelled[] {
  return cullers.flatMap(({ name, options, others }) => {
    const label = `c.JupyterHub.services[${JSON.stringify(name)}]`;
    const idle = options.timeout ?? defaultTimeout;
    const age = options['max-age'] ?? 0;
    const placed: Placed[] = [
      ...(idle > 0 ? [at('culling.idle_timeout', idle)] : []),
      ...(age > 0 ? [at('culling.max_age', age)] : []),
    ];
    const remark = 'remove it from c.JupyterHub.services, and its role; the other services stay';
    const done: readonly Labelled[] = [[label, yaml(placed, remark)]];
    return [...done, ...others.map((option) => [`${label} ${option}`, none(meaning(option))] as const)];
  });
}

function meaning(option: string): string {
  if (option === '--cull-users') return 'users are not removed: keep a culler for it';
  if (option === '--remove-named-servers') return 'named servers stay in the list of the hub';
  return 'culling has its own rules (docs/operations.md, "Idle culling")';
}
