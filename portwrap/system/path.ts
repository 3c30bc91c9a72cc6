// Where a path lies, by its text alone. Not here: what exists there.

/** Whether `path` is `directory` or lies in it. Both are absolute, without a slash at the end. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
