// What the server sends for a chart (portals/shared/chart_data.py). Times are Beijing wall-clock milliseconds.

/** [wall ms, value, flag, shown text, bits (1 revised, 2 late), epoch s, cause in words] */
export type Point = [number, number | null, string, string | null, number, number, string];
/** [start, end, tone, word, address, pattern] */
export type TrackItem = [number, number, string, string, string, string];
/** [start, end, pattern, word] */
export type Gap = [number, number, string, string];

export interface Step { start: number; end: number; value: number; text: string }

export interface Curve {
  factor: string;
  name: string;
  unit: string;
  axis: number;
  step: number;
  evidence: string;
  query: string;
  points: Point[];
  over: [number, number][];
  gaps: Gap[];
  steps: Step[];
}

export interface ChartData {
  start: number;
  end: number;
  summary: string;
  thinned: boolean;
  axes: { unit: string; low: number; high: number }[];
  curves: Curve[];
  gaps: Gap[];
  tracks: { name: string; items: TrackItem[] }[];
  words: Record<string, string>;
}

export const REVISED = 1;
export const LATE = 2;

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** Wall-clock text of a shifted time. */
export function clock(ms: number, seconds = false): string {
  const t = new Date(ms);
  const day = `${t.getUTCFullYear()}-${two(t.getUTCMonth() + 1)}-${two(t.getUTCDate())}`;
  return `${day} ${two(t.getUTCHours())}:${two(t.getUTCMinutes())}${seconds ? `:${two(t.getUTCSeconds())}` : ""}`;
}

export function escaped(text: string): string {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}

/** The line with an empty place at the start of every gap: gaps are never joined. */
export function broken(curve: Curve): (Point | [number, null])[] {
  const holes: [number, null][] = curve.gaps.map(([start]) => [start, null]);
  return [...curve.points, ...holes].sort((a, b) => a[0] - b[0]);
}

/** ``base`` with the points of a closer look inside its span. */
export function closer(base: ChartData, detail: ChartData): ChartData {
  const inside = (p: Point): boolean => detail.start <= p[0] && p[0] < detail.end;
  const curves = base.curves.map((curve) => {
    const found = detail.curves.find((other) => other.name === curve.name);
    if (found === undefined) return curve;
    const points = [...curve.points.filter((p) => !inside(p)), ...found.points.filter(inside)].sort((a, b) => a[0] - b[0]);
    return { ...curve, points };
  });
  return { ...base, curves };
}

/** What a point says, line by line. */
export function tip(data: ChartData, curve: Curve, point: Point): string {
  const [t, value, flag, shown, bits, , cause] = point;
  const limit = curve.steps.find((step) => step.start <= t && t < step.end);
  const said = value === null ? escaped(cause || flag || (data.words["gap"] ?? "")) : `<b>${escaped(shown ?? String(value))} ${escaped(curve.unit)}</b>`;
  const lines = [clock(t, curve.step < 60000), `${escaped(curve.name)} ${said}`, escaped(flag)];
  if (bits & REVISED) lines.push(`◥ ${escaped(data.words["revised"] ?? "")}`);
  if (bits & LATE) lines.push(`⟳ ${escaped(data.words["late"] ?? "")}`);
  if (limit !== undefined) lines.push(escaped(limit.text));
  return lines.filter((line) => line !== "").join("<br>");
}
