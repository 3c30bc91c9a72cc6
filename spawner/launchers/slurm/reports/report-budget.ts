// How much one job may report: one report at a time, and so many bytes a second. A job is its user's, and what it sends
// costs the service time and room on its disk. Not here: what it is told beyond that (reports.ts).

export interface ReportBudget {
  /** May a report be read now? If so, end() follows. */
  begin(): boolean;
  /** Bytes that it had. */
  end(size: number): void;
}

/** Bytes a second; what is not used is saved up to `most`, which the largest report and much more output fit in. */
const rate = 262_144;
const most = 4_194_304;
/** Bytes that a report counts for at least: a short one takes time as well. */
const least = 4_096;

/** `now`: in milliseconds. */
export function createReportBudget(now: () => number): ReportBudget {
  let saved = most;
  let since = now();
  let busy = false;
  return {
    begin() {
      const time = now();
      saved = Math.min(most, saved + ((time - since) / 1000) * rate);
      since = time;
      if (busy || saved <= 0) return false;
      busy = true;
      return true;
    },
    end(size) {
      busy = false;
      saved -= Math.max(size, least);
    },
  };
}
