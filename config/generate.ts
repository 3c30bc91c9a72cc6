// The command behind "npm run generate": writes the files generated from the schema and the error
// catalogue. With --check it writes nothing and exits 1 if a file is not up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GeneratedFile, generatedFiles } from './generate/files.ts';
import { packageRoot } from './system/package.ts';

process.exitCode = main(process.argv.slice(2));

function main(argv: readonly string[]): number {
  const root = packageRoot();
  if (argv.length === 0) return write(root, generatedFiles());
  if (argv.length === 1 && argv[0] === '--check') return check(root, generatedFiles());
  console.error('usage: node dist/config/generate.js [--check]');
  return 2;
}

function write(root: string, files: readonly GeneratedFile[]): number {
  for (const { path, text } of files.filter((file) => isStale(root, file))) {
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
  return 0;
}

function check(root: string, files: readonly GeneratedFile[]): number {
  const stale = files.filter((file) => isStale(root, file));
  for (const { path } of stale) console.error(`${path} is out of date: run "npm run generate"`);
  return stale.length === 0 ? 0 : 1;
}

function isStale(root: string, { path, text }: GeneratedFile): boolean {
  const file = join(root, path);
  return !existsSync(file) || readFileSync(file, 'utf8') !== text;
}
