// Whether the administrator's commands can be run, and whether others could change what runs as root.
// Not here: running them (spawner/launchers/hooks/).
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../../config/load.ts';
import { type Check, failed, ok, warning } from '../../../portwrap/index.ts';

export function collectHookChecks({ profiles }: Pick<Config, 'profiles'>): Check[] {
  return profiles.flatMap(({ name, hooks }) =>
    (['before_start', 'after_end'] as const).flatMap((key) => {
      const hook = hooks[key];
      return hook === null ? [] : [checkHook(`hooks.${key} of ${name}`, hook)];
    }),
  );
}

function checkHook(
  name: string,
  { command: [program = ''], run_as }: NonNullable<Config['profiles'][number]['hooks']['before_start']>,
): Check {
  const path = realPath(program);
  if (path === null || !isProgram(path)) {
    const what = path === null ? `${program} does not exist` : `${program} is not an executable file`;
    const why = 'Every start of the profile is refused, or nothing runs after an end.';
    return failed(name, what, why, `Correct the command, or make it: chmod 0755 ${program}`);
  }
  // a link can be replaced where it lies
  const paths = [...pathsAbove(path), ...pathsAbove(dirname(program))];
  const changeable = run_as === 'service' ? paths.find(canBeChanged) : undefined;
  if (changeable === undefined) return ok(name, program);
  return warning(
    name,
    `others than root can change ${changeable}`,
    'The command runs as the service, so they could run programs as root.',
    `chown root ${changeable} && chmod go-w ${changeable}`,
  );
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isProgram(path: string): boolean {
  const found = statSync(path);
  return found.isFile() && (found.mode & 0o111) !== 0;
}

/** The file, and all directories above it. */
function pathsAbove(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...pathsAbove(dirname(path))];
}

/** In a directory with the sticky bit nobody can replace the files of root. */
function canBeChanged(path: string): boolean {
  const { uid, mode } = statSync(path);
  const sticky = (mode & 0o1000) !== 0;
  return uid !== 0 || ((mode & 0o022) !== 0 && !sticky);
}
