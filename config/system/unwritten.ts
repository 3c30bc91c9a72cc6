// What is left of lines after a write that failed in the middle.
// Not here: writing (log-file.ts).

export interface Unwritten {
  /** The rest of a line whose beginning is written: it must come first, or the next line would continue it. */
  readonly torn: Buffer<ArrayBufferLike>;
  /** The number of lines of which nothing is written. */
  readonly lines: number;
}

/** `text` ends with a newline; `written` bytes of it were written. `startsTorn`: it begins within a line. */
export function unwritten(text: Buffer<ArrayBufferLike>, written: number, startsTorn: boolean): Unwritten {
  const isTorn = written === 0 ? startsTorn : text[written - 1] !== newline;
  const begin = isTorn ? text.indexOf(newline, written) + 1 : written;
  let lines = 0;
  for (let at = begin; at < text.length; at = text.indexOf(newline, at) + 1) lines++;
  return { torn: text.subarray(written, begin), lines };
}

const newline = 10;
