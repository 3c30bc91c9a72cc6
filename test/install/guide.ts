// The commands of docs/install.md, by the heading above them. Not here: running them.
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
