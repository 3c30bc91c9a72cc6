// The fork servers of this service: one for each distinct environment of the profiles with `preload`. They outlive the
// service; one that died is started again, one whose environment has changed on disk is replaced.
// Not here: which one a start needs (fork-plan.ts), starting one (portwrap/preload/fork-server.ts).
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Profile } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import {
  bootId,
  endProcess,
  ForkServerDied,
  forkServerSocket,
  isCurrent,
  isSameProcess,
  type PreloadRequest,
  type ProcessIdentity,
  startForkServer,
  type Toolbox,
  watchForkServer,
} from '../../portwrap/index.ts';
import { type ForkPlan, forkPlan } from './fork-plan.ts';

export interface ForkServers {
  /** Starts those of the profiles, and ends those of profiles that are gone. */
  prepare(): void;
  /** For one start; null: it is started as a command, and a fork server for the next one. */
  request(
    profile: Profile,
    command: readonly string[],
    fromHub: Readonly<Record<string, string>>,
  ): PreloadRequest | null;
  /** Stops watching them; `end`: ends them, too. */
  close(end: boolean): void;
}

export interface ForkServersInput {
  readonly tools: Toolbox;
  /** Where their directories are made. */
  readonly directory: string;
  readonly config: () => Pick<Config, 'profiles'>;
  /** Moves processes out of the control group of the service, where systemd would find them left over. */
  readonly outlive: (pids: readonly number[]) => Promise<void>;
  readonly log: Logger;
}

interface Entry {
  readonly profile: string;
  readonly plan: ForkPlan;
  state: 'starting' | 'ready' | 'unusable';
  process: ProcessIdentity | null;
  made: Readonly<Record<string, number>>;
  /** When it was last asked for, or became unusable; milliseconds of performance.now(). */
  at: number;
  /** How many in a row have died young. */
  deaths: number;
}

/** Of a profile: the hub may send other values than the profile says, such as another PATH. */
const mostOfProfile = 2;
/** Milliseconds until an environment that could not be used is tried again. */
const retryPause = 600_000;
/** Milliseconds: one that lives shorter is not started again at once. */
const shortLife = 10_000;
/** Milliseconds from such a death to the next one's start; twice as many after each in a row. */
const firstPause = 100;

export function createForkServers(input: ForkServersInput): ForkServers {
  const { tools, log, directory, outlive } = input;
  const entries = new Map<string, Entry>();
  const said = new Set<string>();
  let closed = false;
  /** One after the other: each takes a processor for seconds. */
  let last: Promise<void> = Promise.resolve();
  const place = (key: string) => join(directory, key);
  const noteOf = (key: string) => `${place(key)}.json`;

  const say = (profile: string, reason: string) => {
    if (said.has(`${profile} ${reason}`)) return;
    said.add(`${profile} ${reason}`);
    log.warn({ profile, reason }, 'preload is not used: servers are started as commands');
  };
  const start = (entry: Entry) => {
    entry.state = 'starting';
    last = last.then(() => startNow(entry));
  };
  const startNow = async (entry: Entry) => {
    const { plan, profile } = entry;
    if (closed || entries.get(plan.key) !== entry) return;
    const began = performance.now();
    try {
      const started = await startForkServer({ tools, directory: place(plan.key), ...plan });
      const { pid } = started.process;
      await outlive([pid]).catch(({ message: reason }: Error) =>
        log.warn({ profile, reason }, 'the fork server stays in the control group of the service'),
      );
      Object.assign(entry, { state: 'ready', process: started.process, made: started.made });
      if (closed || entries.get(plan.key) !== entry) return void endProcess(started.process);
      const note = { bootId: bootId(), profile, plan, process: started.process, made: started.made };
      await writeAtomically(noteOf(plan.key), JSON.stringify(note));
      const took = Math.round(performance.now() - began);
      log.info({ profile, forkServer: pid, took }, 'the fork server is ready');
      watch(entry, started.life.gone);
    } catch (error) {
      Object.assign(entry, { state: 'unusable', at: performance.now() });
      say(profile, (error as Error).message);
      if (error instanceof ForkServerDied) startLater(entry);
    }
  };
  /** What dies young may be killed for its memory, or crash: it is tried ever less often. */
  const startLater = (entry: Entry) => {
    const again = () => {
      if (!closed && entries.get(entry.plan.key) === entry && entry.state === 'unusable') start(entry);
    };
    setTimeout(again, Math.min(firstPause * 2 ** entry.deaths, retryPause)).unref();
    entry.deaths += 1;
  };
  const watch = (entry: Entry, gone: Promise<void>) => {
    const began = performance.now();
    gone.then(() => {
      const isOurs = !closed && entries.get(entry.plan.key) === entry && entry.state === 'ready';
      if (!isOurs) return;
      log.warn({ profile: entry.profile }, 'the fork server has died');
      if (performance.now() - began > shortLife) {
        entry.deaths = 0;
        return start(entry);
      }
      Object.assign(entry, { state: 'unusable', at: performance.now() });
      startLater(entry);
    });
  };
  const drop = (entry: Entry) => {
    const { key } = entry.plan;
    entries.delete(key);
    if (entry.process !== null) endProcess(entry.process);
    for (const path of [place(key), noteOf(key), `${place(key)}.life.fifo`, `${place(key)}.log`])
      rmSync(path, { recursive: true, force: true });
  };
  const add = (profile: string, plan: ForkPlan): Entry => {
    const entry: Entry = { profile, plan, state: 'starting', process: null, made: {}, ...fresh() };
    const others = [...entries.values()].filter((other) => other.profile === profile);
    for (const oldest of others.sort((a, b) => b.at - a.at).slice(mostOfProfile - 1)) drop(oldest);
    entries.set(plan.key, entry);
    start(entry);
    return entry;
  };
  const adopt = () => {
    for (const name of listOrNothing(directory).filter((file) => file.endsWith('.json'))) {
      const note = readNote(join(directory, name));
      if (note === null) continue;
      const { profile, plan, process, made } = note;
      const life = isSameProcess(process) ? watchForkServer(place(plan.key)) : null;
      const entry: Entry = { profile, plan, state: 'ready', process, made, ...fresh() };
      entries.set(plan.key, entry);
      if (life === null) drop(entry);
      else watch(entry, life.gone);
    }
  };
  adopt();

  return {
    prepare() {
      const { profiles } = input.config();
      const wanted = new Map(profiles.filter(isPreloaded).map((profile) => [profile.name, profile]));
      for (const entry of [...entries.values()]) {
        const profile = wanted.get(entry.profile);
        const same = profile !== undefined && sameModules(profile, entry.plan);
        if (!same) drop(entry);
      }
      for (const profile of wanted.values()) {
        const plan = forkPlan(profile, profile.command, {});
        if (typeof plan === 'string') say(profile.name, plan);
        else if (![...entries.values()].some((entry) => entry.profile === profile.name))
          add(profile.name, plan);
      }
    },
    request(profile, command, fromHub) {
      if (!isPreloaded(profile)) return null;
      const plan = forkPlan(profile, command, fromHub);
      if (typeof plan === 'string') {
        say(profile.name, plan);
        return null;
      }
      const entry = entries.get(plan.key) ?? add(profile.name, plan);
      if (entry.state === 'unusable' && performance.now() - entry.at > retryPause) start(entry);
      if (entry.state !== 'ready') return null;
      entry.at = performance.now();
      if (!isCurrent(entry.made)) {
        log.info({ profile: profile.name }, 'the environment has changed: the fork server is replaced');
        drop(entry);
        add(profile.name, plan);
        return null;
      }
      return {
        socket: forkServerSocket(place(plan.key)),
        init: plan.init,
        ...{ argv: plan.script.argv, script: plan.script.script },
        notUsed: (reason) => say(profile.name, reason),
      };
    },
    close(end) {
      closed = true;
      if (end) for (const entry of [...entries.values()]) drop(entry);
    },
  };
}

const fresh = () => ({ at: performance.now(), deaths: 0 });

const isPreloaded = ({ preload, launcher }: Pick<Profile, 'preload' | 'launcher'>) =>
  preload !== null && launcher === 'local';

function sameModules({ preload }: Pick<Profile, 'preload'>, { modules }: ForkPlan): boolean {
  return JSON.stringify([preload ?? []].flat()) === JSON.stringify(modules);
}

interface Note {
  readonly bootId: string;
  readonly profile: string;
  readonly plan: ForkPlan;
  readonly process: ProcessIdentity;
  readonly made: Readonly<Record<string, number>>;
}

/** Null for one of another boot, or that was not written whole. */
function readNote(path: string): Note | null {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Note;
    return note.bootId === bootId() ? note : null;
  } catch {
    return null;
  }
}

function listOrNothing(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
