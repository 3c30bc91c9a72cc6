// Whether servers of each profile with `preload` can be forked: a fork server is started as the service starts it, and ended.
// Not here: the fork servers of a running service (spawner/preload/).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigFile } from '../../../config/load.ts';
import {
  type Check,
  createToolbox,
  endProcess,
  ok,
  startForkServer,
  warning,
} from '../../../portwrap/index.ts';
import { forkPlan } from '../../preload/fork-plan.ts';

/** One for each profile that has `preload`; a start that cannot be forked is a command, so nothing here fails. */
export async function collectPreloadChecks({ profiles }: Pick<ConfigFile, 'profiles'>): Promise<Check[]> {
  const checks: Check[] = [];
  for (const profile of profiles) {
    if (profile.preload === null) continue;
    const name = `preload of profile "${profile.name}"`;
    const plan = forkPlan(profile, profile.command, {});
    checks.push(typeof plan === 'string' ? notUsed(name, plan) : await tried(name, plan));
  }
  return checks;
}

async function tried(name: string, plan: Exclude<ReturnType<typeof forkPlan>, string>): Promise<Check> {
  const parent = mkdtempSync(join(tmpdir(), 'portwrap-doctor-'));
  try {
    const began = performance.now();
    const started = await startForkServer({
      ...plan,
      tools: createToolbox(),
      directory: join(parent, 'fork'),
    });
    endProcess(started.process);
    await started.life.gone;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const imported = `${plan.script.interpreter} has imported ${started.modules} modules`;
    return ok(
      name,
      `${imported} in ${seconds} s (twice, and examined them); a forked server finds them imported`,
    );
  } catch (error) {
    return notUsed(name, (error as Error).message);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function notUsed(name: string, reason: string): Check {
  return warning(
    name,
    reason,
    'Its servers are started as commands: ready in seconds, and each with its own memory.',
    'See docs/preload.md, or remove "preload" from the profile',
  );
}
