// Which fork server a start needs: from a profile, its command and the variables of a server. Pure but for looking at the
// command. Variables of one user or one server are left out: a fork server knows of neither.
// Not here: starting it (portwrap/preload/fork-server.ts), those that run (fork-servers.ts).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Profile } from '../../config/load.ts';
import { packageVersion } from '../../config/system/package.ts';
import {
  type ForkServerRequest,
  findInitProgram,
  pythonScript,
  restrictsNamespaces,
} from '../../portwrap/index.ts';

export interface ForkPlan
  extends Pick<ForkServerRequest, 'script' | 'modules' | 'environment' | 'restricted'> {
  /** Equal for starts that can share a fork server; a name of a file. */
  readonly key: string;
  readonly init: string;
}

type Planned = Pick<Profile, 'preload' | 'environment' | 'options' | 'path'>;

/**
 * A sentence says why the command cannot be forked. `fromHub`: the variables of one start; a profile's fork server is
 * started with none of them.
 */
export function forkPlan(
  profile: Planned,
  command: readonly string[],
  fromHub: Readonly<Record<string, string>>,
): ForkPlan | string {
  const init = findInitProgram();
  if (init === null) return 'portwrap-init was not built (node scripts/native.mjs, with a C compiler)';
  if (process.getuid?.() !== 0) return 'the service does not run as root';
  const environment = forkEnvironment(profile, fromHub);
  const script = pythonScript(command, environment.PATH ?? '');
  if (typeof script === 'string') return script;
  const modules = [profile.preload ?? []].flat();
  const start = script.argv.slice(0, script.script + 1);
  const restricted = restrictsNamespaces();
  const own = { interpreter: script.interpreter, start, modules, environment, restricted };
  const essence = { ...own, ...surroundings() };
  const key = createHash('sha256').update(JSON.stringify(essence)).digest('hex').slice(0, 10);
  return { key, init, script, modules, environment, restricted };
}

/** The variables of a fork server. */
export function forkEnvironment(
  { environment, options, path }: Pick<Profile, 'environment' | 'options' | 'path'>,
  fromHub: Readonly<Record<string, string>>,
): Record<string, string> {
  const chosenByUsers = new Set(
    options.flatMap(({ variable, other }) =>
      [variable ?? [], Object.keys(other?.sets.environment ?? {})].flat(),
    ),
  );
  const variables = { PATH: path.join(':'), ...environment, ...only(fromHub, ofTheHub) };
  return only(variables, (name) => !(chosenByUsers.has(name) || ofOneServer(name) || hazards.test(name)));
}

/** What a hub passes on of its own environment, and its settings for all servers. Others could be a user's. */
const ofTheHub = (name: string) =>
  /^(PATH|TERM|LANG|LC_\w+|PYTHON\w+)$/.test(name) || ofAllServers.test(name);
const ofOneServer = (name: string) =>
  /^(JUPYTERHUB_|JPY_|HOME$|USER$|LOGNAME$|SHELL$)/.test(name) && !ofAllServers.test(name);
/** preload/portwrap_preload/environment.py has the same list. */
const ofAllServers = /^JUPYTERHUB_(XSRF_\w+|METRICS_\w+|SERVER_\w+_BUCKETS)$/;
/** Root's programs start the interpreter. */
const hazards = /^(LD_|GCONV_PATH$|LOCPATH$|MALLOC_|GLIBC_TUNABLES$)/;

function only(
  variables: Readonly<Record<string, string>>,
  wanted: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => wanted(name)));
}

/** What a child inherits of the service that started its fork server. */
function surroundings() {
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    version: packageVersion(),
    limits: readFileSync('/proc/self/limits', 'utf8'),
    memory: readFileSync('/proc/self/oom_score_adj', 'utf8'),
    processors: /^Cpus_allowed:.*$/m.exec(status)?.[0],
  };
}
