// Which servers `stop --all` is about: those of a hub, of a profile, and those that nobody has used for a time. Pure.
// Not here: asking and stopping (stop.ts).
import type { ServerView } from '../../http/view.ts';

export interface Wanted {
  readonly hub: string | undefined;
  readonly profile: string | undefined;
  /** Seconds without activity; undefined: used or not. */
  readonly idleFor: number | undefined;
}

export interface Selection {
  readonly chosen: readonly ServerView[];
  /** Left because nobody knows whether they are used. */
  readonly unknown: readonly ServerView[];
}

/** `now` is in milliseconds since the epoch. */
export function select(servers: readonly ServerView[], wanted: Wanted, now: number): Selection {
  const alive = servers.filter(
    ({ hub, profile, state }) =>
      state !== 'exited' &&
      (wanted.hub === undefined || hub === wanted.hub) &&
      (wanted.profile === undefined || profile === wanted.profile),
  );
  const { idleFor } = wanted;
  if (idleFor === undefined) return { chosen: alive, unknown: [] };
  return {
    chosen: alive.filter((server) => isIdle(server, idleFor, now)),
    unknown: alive.filter(({ state, last_activity }) => state === 'ready' && last_activity === null),
  };
}

/** A busy kernel or an open notebook is activity, as in idle culling. */
function isIdle({ last_activity, activity }: ServerView, seconds: number, now: number): boolean {
  if (last_activity === null || (activity?.busy ?? 0) > 0 || (activity?.connections ?? 0) > 0) return false;
  return now - Date.parse(last_activity) >= seconds * 1000;
}
