// The commands of docs/install.md, by the heading above them, and those in its sentences. Not here: running them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const guide = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');

/** Headings with commands for root, in the order of the page. */
export const headings = sections().map(({ heading }) => heading);

/** Each line of its shell blocks. Throws for a heading that the page does not have. */
export function commandsOf(heading: string): readonly string[] {
  const found = sections().find((section) => section.heading === heading);
  if (found === undefined) throw new Error(`docs/install.md has no commands under "${heading}"`);
  return found.commands;
}

/** The command between backquotes that begins like this. Throws if the page has none or several. */
export function commandThatBegins(start: string): string {
  const sentences = guide.replaceAll(/^ *```.*?^ *```$/gms, '');
  const found = [...sentences.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) =>
    code.startsWith(start) ? [code] : [],
  );
  const [command] = found;
  if (command === undefined || found.length > 1)
    throw new Error(`docs/install.md has ${found.length} commands that begin with "${start}"`);
  return command;
}

function sections() {
  return guide
    .split(/^## /m)
    .slice(1)
    .map((text) => ({
      heading: text.slice(0, text.indexOf('\n')),
      commands: [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
        block.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
      ),
    }))
    .filter(({ commands }) => commands.length > 0);
}
