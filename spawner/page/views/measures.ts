// Numbers as people read them. The width of a unit's text changes with its size only, so that columns stay still.

/** Bytes in binary units, as limits are written: 512 MiB, 1.5 GiB. */
export function bytes(count: number): string {
  const exponent = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)));
  const value = count / 2 ** (10 * exponent);
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[exponent]}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** CPUs that are busy, with as many decimals at every moment: 0.05, 1.50, 16.0. */
export function busyCpus(count: number): string {
  return count.toFixed(count < 10 ? 2 : 1);
}

/** A number of CPUs that somebody chose: 0.5, 2. */
export function cpus(count: number): string {
  return String(Number(count.toFixed(2)));
}

/** How long, in its two largest units: 45 s, 12 min, 3 h 5 min, 2 d 7 h. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [
    { value: Math.floor(seconds / 86_400), unit: 'd' },
    { value: Math.floor(seconds / 3600) % 24, unit: 'h' },
    { value: Math.floor(seconds / 60) % 60, unit: 'min' },
    { value: seconds % 60, unit: 's' },
  ];
  const first = parts.findIndex(({ value }) => value > 0);
  if (first === -1) return '0 s';
  const shown = first >= 2 ? parts.slice(first, first + 1) : parts.slice(first, first + 2);
  return shown
    .filter(({ value }) => value > 0)
    .map(({ value, unit }) => `${value} ${unit}`)
    .join(' ');
}

/** How long something quick took: 8 ms, 340 ms, 1.25 s, 75 s. */
export function quick(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${milliseconds < 10_000 ? (milliseconds / 1000).toFixed(2) : Math.round(milliseconds / 1000)} s`;
}

/** A moment in UTC, to the second: 2026-01-31 14:05:59 UTC. */
export function moment(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
