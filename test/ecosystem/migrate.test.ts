// `portwrap-spawner migrate` and docs/migrating.md with the real packages of each spawner, from PyPI.
// Not here: what the rules do in detail (test/unit/spawner/commands/migrate/).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rulesOf } from '../../spawner/commands/migrate/rules/kinds.ts';
import { checkConfig, migrationSections } from '../support/migration.ts';
import { runCommand } from '../support/service.ts';

let python: string;
let directory: string;
/** Every setting of each class, and of its bases. */
let traits: Record<string, string[]>;

const classes = {
  Spawner: 'jupyterhub.spawner',
  LocalProcessSpawner: 'jupyterhub.spawner',
  SimpleLocalProcessSpawner: 'jupyterhub.spawner',
  SudoSpawner: 'sudospawner',
  SystemdSpawner: 'systemdspawner',
  BatchSpawnerBase: 'batchspawner',
  SlurmSpawner: 'batchspawner',
  ProfilesSpawner: 'wrapspawner',
  WrapSpawner: 'wrapspawner',
  DockerSpawner: 'dockerspawner',
  SystemUserSpawner: 'dockerspawner',
  KubeSpawner: 'kubespawner',
};

beforeAll(async () => {
  const module = new URL('../../scripts/worlds/python-environment.mjs', import.meta.url).href;
  const { pythonEnvironment } = (await import(module)) as {
    pythonEnvironment(name: string): Promise<string>;
  };
  python = await pythonEnvironment('spawners');
  directory = mkdtempSync(join(tmpdir(), 'pws-migrate-'));
  const program = `
import importlib, json, sys
classes = json.loads(sys.argv[1])
print(json.dumps({
    name: sorted(getattr(importlib.import_module(module), name).class_traits(config=True))
    for name, module in classes.items()
}))`;
  const printed = execFileSync(python, ['-W', 'ignore', '-c', program, JSON.stringify(classes)]);
  traits = JSON.parse(printed.toString());
}, 1_800_000);
afterAll(() => rmSync(directory, { recursive: true }));

describe('docs/migrating.md', () => {
  const sections = migrationSections().filter(({ language }) => language === 'python');

  test.each(sections)('the example of $title is migrated with the real package', async ({ example }) => {
    const path = join(directory, 'jupyterhub_config.py');
    writeFileSync(path, example);
    const { code, stdout, stderr } = await runCommand(
      { config: '/nowhere' },
      ...['migrate', path, '--hub-python', python],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('cannot be imported');
    expect(stdout).not.toContain('has no setting of this name');
    for (const [, setting = ''] of example.matchAll(/^(c\.\w+\.\w+) = /gm)) expect(stdout).toContain(setting);
    expect(await checkConfig(stdout, directory)).toBe(0);
  });

  const classesOf: Readonly<Record<string, readonly (keyof typeof classes)[]>> = {
    LocalProcessSpawner: ['LocalProcessSpawner'],
    SudoSpawner: ['SudoSpawner'],
    SystemdSpawner: ['SystemdSpawner'],
    BatchSpawner: ['SlurmSpawner'],
    'WrapSpawner and ProfilesSpawner': ['ProfilesSpawner'],
    DockerSpawner: ['DockerSpawner', 'SystemUserSpawner'],
    "KubeSpawner's profile list": ['KubeSpawner'],
  };

  test.each(sections)('every setting in the table of $title exists in its package', ({ title, settings }) => {
    const real = (classesOf[title] ?? []).flatMap((name) => traits[name] ?? []);
    const unknown = settings.filter((setting) => {
      if (/^c\.(?:JupyterHub|Spawner)\./.test(setting)) return false;
      return !real.includes(setting.replace(/^c\.\w+\./, '')) && !keysOfProfiles.includes(setting);
    });
    expect(unknown).toEqual([]);
  });
});

/** Keys of an entry of KubeSpawner's profile_list. */
const keysOfProfiles = [
  ...['display_name', 'slug', 'description', 'kubespawner_override', 'profile_options', 'choices'],
  ...['unlisted_choice', 'validation_regex', 'validation_message', 'display_name_in_choices'],
];

test.each(Object.keys(rulesOf))('every setting that migrate knows of %s exists there', (name) => {
  const known = Object.keys(rulesOf[name]?.traits ?? {});
  const real =
    name === 'WrapSpawner' ? ['docker_spawner_args', ...(traits.ProfilesSpawner ?? [])] : traits[name];
  expect(known.filter((trait) => !real?.includes(trait))).toEqual([]);
});
