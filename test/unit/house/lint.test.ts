// Every rule of biome.json works: one bad file for each, linted with the real rules.
// A pattern that matches nothing, as "../portwrap/!(index.ts)" once did, fails here.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const uses = (path: string) => `import { x } from '${path}';\nexport const y = x;\n`;

/** The rule, the file, and its text. */
const bad: readonly (readonly [string, string, string])[] = [
  // allowed imports
  ['style/noRestrictedImports', 'config/restricted-1.ts', uses('../portwrap/index.ts')],
  ['style/noRestrictedImports', 'config/schema/restricted-2.ts', uses('../../spawner/service.ts')],
  ['style/noRestrictedImports', 'config/schema/values/restricted-3.ts', uses('../../../proxy/proxy.ts')],
  ['style/noRestrictedImports', 'portwrap/launch/restricted-4.ts', uses('../../spawner/service.ts')],
  ['style/noRestrictedImports', 'portwrap/restricted-5.ts', uses('../proxy/proxy.ts')],
  ['style/noRestrictedImports', 'portwrap/cli/restricted-6.ts', uses('../../config/load.ts')],
  ['style/noRestrictedImports', 'portwrap/cli/restricted-7.ts', uses('zod')],
  ['style/noRestrictedImports', 'proxy/front/restricted-8.ts', uses('../../portwrap/index.ts')],
  [
    'style/noRestrictedImports',
    'proxy/engines/relay/pool/restricted-9.ts',
    uses('../../../../spawner/main.ts'),
  ],
  ['style/noRestrictedImports', 'spawner/restricted-10.ts', uses('../portwrap/launch/launch.ts')],
  ['style/noRestrictedImports', 'spawner/servers/restricted-11.ts', uses('../../portwrap/main.ts')],
  [
    'style/noRestrictedImports',
    'spawner/launchers/slurm/restricted-12.ts',
    uses('../../../portwrap/job/spec.ts'),
  ],
  ['style/noRestrictedImports', 'spawner/servers/restricted-13.ts', uses('../../proxy/proxy.ts')],
  ['style/noRestrictedImports', 'spawner/http/restricted-14.ts', uses('../page/app.ts')],
  ['style/noRestrictedImports', 'spawner/http/restricted-15.ts', uses('../../portwrap/index.ts')],
  ['style/noRestrictedImports', 'spawner/page/restricted-16.ts', uses('../http/app.ts')],
  ['style/noRestrictedImports', 'spawner/page/auth/restricted-17.ts', uses('../../http/app.ts')],
  ['style/noRestrictedImports', 'spawner/page/views/restricted-18.ts', uses('../../../portwrap/index.ts')],
  // circles, also of types alone
  [
    'suspicious/noImportCycles',
    'spawner/circle-a.ts',
    "import type { B } from './circle-b.ts';\nexport type A = B[];\n",
  ],
  [
    'suspicious/noImportCycles',
    'spawner/circle-b.ts',
    "import type { A } from './circle-a.ts';\nexport type B = { a: A };\n",
  ],
  // only main.ts reads the environment, and only the logger writes output
  ['style/noProcessEnv', 'spawner/servers/environment.ts', 'export const home = process.env.HOME;\n'],
  ['suspicious/noConsole', 'proxy/front/console.ts', "console.log('x');\n"],
  // language
  [
    'correctness/noUnusedImports',
    'proxy/unused-import.ts',
    "import { join } from 'node:path';\nexport const x = 1;\n",
  ],
  ['correctness/noUnusedVariables', 'proxy/unused-variable.ts', 'const x = 1;\nexport const y = 2;\n'],
  ['correctness/useImportExtensions', 'proxy/extension.ts', "export { target } from './existing';\n"],
  [
    'style/useImportType',
    'proxy/import-type.ts',
    "import { Socket } from 'node:net';\nexport type S = Socket;\n",
  ],
  [
    'style/useNodejsImportProtocol',
    'proxy/protocol.ts',
    "import { join } from 'path';\nexport const x = join('a');\n",
  ],
  [
    'style/noNonNullAssertion',
    'proxy/non-null.ts',
    'export const first = (list: string[]) => list[0]!.length;\n',
  ],
  ['suspicious/noExplicitAny', 'proxy/any.ts', 'export const x = (value: any) => value.y;\n'],
];

/** Good files that the rules accept. */
const good: readonly (readonly [string, string])[] = [
  ['proxy/existing.ts', 'export const target = 1;\n'],
  ['spawner/servers/fine-1.ts', uses('../../portwrap/index.ts')],
  ['spawner/launchers/slurm/fine-2.ts', uses('../../../portwrap/index.ts')],
  ['portwrap/launch/fine-3.ts', uses('../../config/errors.ts')],
  ['spawner/page/fine-4.ts', uses('../servers/fine-1.ts')],
  ['spawner/main.ts', 'console.log(process.env.HOME);\n'],
];

const directory = mkdtempSync(join(tmpdir(), 'portwrap-lint-'));
afterAll(() => rmSync(directory, { recursive: true }));
let found: ReadonlySet<string>;

beforeAll(() => {
  cpSync(join(root, 'biome.json'), join(directory, 'biome.json'));
  cpSync(join(root, '.gitignore'), join(directory, '.gitignore'));
  for (const [path, text] of [...bad.map(([, ...file]) => file), ...good]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const argv = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, argv, { cwd: directory, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  const pathOf = (path: string | { file: string }) => (typeof path === 'string' ? path : path.file);
  found = new Set(
    diagnostics.map(
      ({ category, location }) => `${pathOf(location.path)}: ${category.replace(/^lint\//, '')}`,
    ),
  );
});

test.each(bad)('%s is found in %s', (rule, path) => {
  expect([...found]).toContain(`${path}: ${rule}`);
});

test('what the rules allow is not found', () => {
  expect([...found].filter((line) => good.some(([path]) => line.startsWith(`${path}:`)))).toEqual([]);
});
