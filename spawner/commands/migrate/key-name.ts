// The name of a key of the YAML, as its documents write it. Not here: its value.

/** profiles[].resources.memory */
export function keyName(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
