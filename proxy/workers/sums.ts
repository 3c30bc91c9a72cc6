// Adds up what several workers counted, name by name.

export function sumOf<Counts extends object>(none: Counts, all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const one of [none, ...all]) {
    for (const [name, count] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + Number(count);
  }
  return Object.assign({ ...none }, sum);
}
