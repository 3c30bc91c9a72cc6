// A small plot of one quantity over time, as inline SVG. Its colours come from the style sheet, and what it shows is
// in the text beside it. Not here: what is plotted (usage/history.ts).
import { type Html, html } from '../html.ts';

export interface Point {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly value: number;
}

export type PlotSize = 'small' | 'large';

export interface PlotInput {
  readonly points: readonly Point[];
  /** What the top of the plot stands for, unless a point is higher. */
  readonly top: number;
  /** Where a line is drawn across, if anywhere. */
  readonly limit?: number | null;
  readonly size: PlotSize;
  /** How many milliseconds the width stands for at least. */
  readonly span: number;
}

/** Nothing but the frame until there are two points. */
export function plot({ points: all, top, limit = null, size, span }: PlotInput): Html {
  const { width, height } = sizes[size];
  const points = thinned(all, width / 2);
  const last = points.at(-1)?.time ?? 0;
  const begin = Math.min(points[0]?.time ?? 0, last - span);
  const highest = Math.max(top, ...points.map(({ value }) => value)) || 1;
  const x = ({ time }: Point) => ((time - begin) / (last - begin)) * width;
  // the line has a width, which must not be cut at the edges
  const y = (value: number) => height - 1.5 - (value / highest) * (height - 3);
  const line = points.map((point) => `${x(point).toFixed(1)},${y(point.value).toFixed(1)}`);
  const [first] = points;
  const area = first === undefined ? [] : [`${x(first).toFixed(1)},${height}`, ...line, `${width},${height}`];
  return html`<svg class="plot ${size}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true" focusable="false">${[
    points.length > 1 &&
      html`<polygon class="plot-area" points="${area.join(' ')}"/><polyline class="plot-line" points="${line.join(' ')}"/>`,
    limit !== null &&
      limit <= highest &&
      html`<line class="plot-limit" x1="0" x2="${width}" y1="${y(limit).toFixed(1)}" y2="${y(limit).toFixed(1)}"/>`,
  ]}</svg>`;
}

/** At most as many points as can be told apart, the highest of those that are next to each other, and the last one. */
function thinned(points: readonly Point[], most: number): readonly Point[] {
  const last = points.at(-1);
  if (points.length <= most || last === undefined) return points;
  const each = Math.ceil(points.length / (most - 1));
  const highest = Array.from({ length: Math.ceil(points.length / each) }, (_, index) =>
    points.slice(index * each, (index + 1) * each).reduce((a, b) => (b.value > a.value ? b : a)),
  );
  return highest.at(-1) === last ? highest : [...highest, last];
}

/** In units of the drawing; how large it is shown is in the style sheet. */
const sizes: Readonly<Record<PlotSize, { width: number; height: number }>> = {
  small: { width: 84, height: 18 },
  large: { width: 320, height: 64 },
};
