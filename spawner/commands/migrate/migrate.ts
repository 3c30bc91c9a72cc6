// `portwrap-spawner migrate`: reads the configuration of a hub with another spawner, and prints the YAML that does the
// same, with a note for everything that is not in it. It changes nothing. Not here: reading (read/), the rules (rules/).
import { existsSync, readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { PortwrapError } from '../../../config/errors.ts';
import { createToolbox } from '../../../portwrap/index.ts';
import type { Command } from '../arguments.ts';
import { keepValid } from './keep-valid.ts';
import { findPython } from './read/find-python.ts';
import { readHubFile } from './read/hub-file.ts';
import { translateTljh } from './tljh.ts';
import { type Migration, translate } from './translate.ts';
import { hubLines } from './write/hub-lines.ts';
import { yamlText } from './write/text.ts';

export const run: Command = async ({ operand, options, environment, print }) => {
  const file = operand === undefined ? undefined : resolve(operand);
  if (file !== undefined) checkReadable(file);
  const migration = keepValid(await migrationOf(file, options['hub-python'], environment));
  const lines = hubLines(migration, yamlText(migration, []));
  const yaml = yamlText(migration, lines);
  if (!options.json) print(yaml);
  else {
    const settings = migration.told.map(({ label, outcome, line }) => ({
      setting: label,
      result: { yaml: 'config', hub: 'hub', none: 'none' }[outcome.kind],
      remark: outcome.remark ?? null,
      line: line ?? null,
    }));
    print(`${JSON.stringify({ config: yaml, settings, hub_lines: lines }, null, 2)}\n`);
  }
  return 0;
};

const tljhFile = '/opt/tljh/config/config.yaml';

async function migrationOf(
  file: string | undefined,
  named: string | undefined,
  environment: Parameters<Command>[0]['environment'],
): Promise<Migration> {
  const machine = { address: ownAddress() };
  if (file !== undefined && /\.ya?ml$/.test(file)) return translateTljh(file, readFileSync(file, 'utf8'));
  const tools = createToolbox();
  const python = await findPython({ tools, named, file, environment });
  if (file === undefined && python.kind === 'tljh' && existsSync(tljhFile))
    return translateTljh(tljhFile, readFileSync(tljhFile, 'utf8'));
  return translate(await readHubFile({ tools, python }), machine);
}

function checkReadable(file: string): void {
  try {
    if (statSync(file).isFile()) {
      readFileSync(file);
      return;
    }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new PortwrapError('MIGRATE_FAILED', `${file} ${reason}`, { cause });
  }
  throw new PortwrapError('MIGRATE_FAILED', `${file} is no file`);
}

/** One at which other machines may reach this one. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
