// Every file generated from the schema and the error catalogue, with its text. Not here: writing them.
import { errorCatalogue, refusals } from '../errors.ts';
import { configSchema } from '../schema.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { exampleFile } from './example-file.ts';
import { hubRefusals } from './hub-refusals.ts';
import { keysOf, writtenForm } from './key.ts';

export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** The same texts at every call. */
export function generatedFiles(): readonly GeneratedFile[] {
  const form = writtenForm(configSchema);
  const keys = keysOf(form);
  return [
    { path: 'hub-config.example.yaml', text: exampleFile(keys) },
    { path: 'docs/configuration.md', text: configurationPage(keys) },
    { path: 'config/schema.json', text: `${JSON.stringify(form, null, 2)}\n` },
    { path: 'docs/errors.md', text: errorsPage(errorCatalogue) },
    { path: 'hub/portwrap_spawner/outcome/refusals.py', text: hubRefusals(refusals()) },
  ];
}
