// A hub's configuration as Python says it, without Python, and the examples of docs/migrating.md.
// Not here: reading a file (test/integration/spawner/admin/migrate.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guessed } from '../../spawner/commands/migrate/offers/offers.ts';
import type { HubFile, Value } from '../../spawner/commands/migrate/read/settings.ts';
import { runCommand } from './service.ts';

/** Settings by section and name; those of spawners are shown with their value. */
export function hubFile(
  spawner: string,
  settings: Readonly<Record<string, Readonly<Record<string, Value>>>>,
): HubFile {
  return {
    ...{
      path: '/etc/jupyterhub/jupyterhub_config.py',
      spawner,
      why: null,
      children: {},
      cullers: [],
      bin: null,
    },
    spawnerClass: guessed(spawner),
    settings: Object.entries(settings).flatMap(([section, traits]) =>
      Object.entries(traits).map(([trait, value]) => {
        const isShown = section.includes('Spawner');
        return { section, trait, value: isShown ? value : null, isShown };
      }),
    ),
    apiUrl: 'http://127.0.0.1:8081/hub/api',
  };
}

export interface MigrationSection {
  readonly title: string;
  /** The first block of code: what migrate reads. */
  readonly example: string;
  readonly language: string;
  /** The settings in the first column of its tables. */
  readonly settings: readonly string[];
}

/** The sections of docs/migrating.md that have an example and a table. */
export function migrationSections(): readonly MigrationSection[] {
  const page = readFileSync(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((text) => {
      const [title = ''] = text.split('\n');
      const [, language = '', example] = /^```(python|yaml)\n(.*?)^```$/ms.exec(text) ?? [];
      if (example === undefined) return [];
      const cells = text
        .split('\n')
        .flatMap((line) => (/^\| (?!---)/.test(line) ? [line.split('|')[1] ?? ''] : []));
      return [{ title, language, example, settings: cells.flatMap(namesIn) }];
    });
}

/** `c.Spawner.cmd` and `mem_limit`; other code, such as a value, is no name. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) =>
    /^(?:c\.\w+\.)?[a-z][a-z0-9_]*$/.test(code) ? [code] : [],
  );
}

/** The exit code of the real check-config for a text that migrate has printed, with a token as setup makes it. */
export async function checkConfig(text: string, directory: string): Promise<number | null> {
  const token = join(directory, 'token');
  writeFileSync(token, `${'0123456789'.repeat(4)}\n`, { mode: 0o600 });
  const config = join(directory, 'printed.yaml');
  writeFileSync(config, text.replace('/etc/portwrap-spawner/hub.token', token));
  return (await runCommand({ config }, 'check-config')).code;
}
