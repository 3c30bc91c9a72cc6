// The marked block at the end of an administrator's file. Pure. Not here: reading and writing the file.

const begin = '# >>> portwrap-spawner setup: "portwrap-spawner setup --undo" takes this block out >>>';
const end = '# <<< portwrap-spawner setup <<<';

/** The lines between the marks; null if there is no block. */
export function blockIn(file: string): string | null {
  const start = file.indexOf(`${begin}\n`);
  const stop = file.indexOf(`${end}\n`, start);
  return start === -1 || stop === -1 ? null : file.slice(start + begin.length + 1, stop);
}

/** The file with this block at its end, instead of the one that it had. */
export function withBlock(file: string, lines: string): string {
  const rest = withoutBlock(file);
  const gap = rest === '' ? '' : rest.endsWith('\n') ? '\n' : '\n\n';
  return `${rest}${gap}${begin}\n${lines}${end}\n`;
}

/** The file as it was before. */
export function withoutBlock(file: string): string {
  const start = file.indexOf(`${begin}\n`);
  const stop = file.indexOf(`${end}\n`, start);
  if (start === -1 || stop === -1) return file;
  const before = file.slice(0, start);
  const after = file.slice(stop + end.length + 1);
  return `${before.replace(/\n\n$/, '\n')}${after}`;
}
