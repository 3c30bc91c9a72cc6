// Writes one warning to a server's log when its job's time limit is near.
export function createTimeWarning(
  /** 0: never. */
  secondsBefore: number,
  write: (text: string) => void,
): (endsAt: string | null) => void {
  let warnedOf: string | null = null;
  return (endsAt) => {
    if (endsAt === null || endsAt === warnedOf) return;
    const left = Date.parse(endsAt) - Date.now();
    if (left > secondsBefore * 1000 || left < 0 || secondsBefore === 0) return;
    warnedOf = endsAt;
    const seconds = Math.round(left / 1000);
    const text = `portwrap-spawner: the time limit of this job is reached in ${seconds} s, at ${endsAt}; then the server ends. Save your work.`;
    write(`\n*** ${text} ***\n`);
  };
}
