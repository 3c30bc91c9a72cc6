// Limits the reports of one job: one report at a time, and a number of bytes per second. A job is controlled by its
// user, and its reports cost the service time and disk space. Not here: refusing reports (reports.ts).

export interface ReportBudget {
  /** Whether a report may be read now. If so, the caller must call end(). */
  begin(): boolean;
  /** `size`: the bytes of the report. */
  end(size: number): void;
}

/** Bytes per second; unused ones accumulate up to `most`, which is much more than the largest report. */
const rate = 262_144;
const most = 4_194_304;
/** The minimum number of bytes that a report counts for: a short one takes time as well. */
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
