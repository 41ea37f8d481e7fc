// How gaps, limits and tracks are drawn; gaps by cause as ui.md §4 has them: never colour alone.
import type { CustomSeriesRenderItem } from "echarts";

interface Box { x: number; y: number; width: number; height: number }

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--m-${name}`).trim();
}

/** The strokes of one tile of a hatch. */
const STROKES: Record<string, (g: CanvasRenderingContext2D) => void> = {
  fault: (g) => { g.moveTo(0, 0); g.lineTo(8, 8); g.moveTo(-2, 6); g.lineTo(2, 10); g.moveTo(6, -2); g.lineTo(10, 2); },
  link: (g) => { g.moveTo(8, 0); g.lineTo(0, 8); g.moveTo(10, 6); g.lineTo(6, 10); g.moveTo(2, -2); g.lineTo(-2, 2); },
  care: (g) => { g.moveTo(5, 4); g.arc(4, 4, 1, 0, 2 * Math.PI); },
  own: (g) => { g.moveTo(0, 0.5); g.lineTo(8, 0.5); g.moveTo(0, 4.5); g.lineTo(8, 4.5); g.moveTo(2, 0); g.lineTo(2, 4); g.moveTo(6, 4); g.lineTo(6, 8); },
};
const PLAIN: Record<string, string> = { stop: "mark-fill", unknown: "breach-fill", none: "surface" };

/** What a gap of a cause is filled with: a colour, or a hatch. */
export function filling(pattern: string): string | { image: HTMLCanvasElement; repeat: "repeat" } {
  const stroke = STROKES[pattern];
  if (stroke === undefined) return token(PLAIN[pattern] ?? "none-fill");
  const image = document.createElement("canvas");
  image.width = image.height = 8;
  const g = image.getContext("2d");
  if (g !== null) {
    g.fillStyle = token("none-fill");
    g.fillRect(0, 0, 8, 8);
    g.strokeStyle = token("control");
    g.beginPath();
    stroke(g);
    g.stroke();
  }
  return { image, repeat: "repeat" };
}

/** A gap over the whole height; data: [start, end, pattern]. */
export const drawGap: CustomSeriesRenderItem = (params, api) => {
  const box = params.coordSys as unknown as Box;
  const left = Math.max(api.coord([api.value(0), 0])[0] ?? 0, box.x);
  const right = Math.min(api.coord([api.value(1), 0])[0] ?? 0, box.x + box.width);
  const pattern = String(api.value(2));
  if (right <= left || pattern === "none") return null;
  const width = Math.max(1, right - left);
  const mark = pattern === "unknown" && width > 16 ? [{ type: "text" as const, style: { text: "?", x: (left + right) / 2, y: box.y + box.height / 2, fill: token("breach"), font: "600 14px sans-serif", textAlign: "center" as const } }] : [];
  return {
    type: "group",
    children: [{ type: "rect" as const, shape: { x: left, y: box.y, width, height: box.height }, style: { fill: filling(pattern), opacity: 0.85 } }, ...mark],
  };
};

/** A stretch of a track; data: [start, end, row, opacity, pattern]. */
export const drawSpan: CustomSeriesRenderItem = (params, api) => {
  const from = api.coord([api.value(0), api.value(2)]);
  const to = api.coord([api.value(1), api.value(2)]);
  const box = params.coordSys as unknown as Box;
  const left = Math.max(from[0] ?? 0, box.x);
  const right = Math.min(to[0] ?? 0, box.x + box.width);
  if (right <= box.x || left >= box.x + box.width) return null;
  const pattern = String(api.value(4));
  const fill = pattern === "" ? (api.visual("color") as string) : filling(pattern);
  return { type: "rect", shape: { x: left, y: (from[1] ?? 0) - 7, width: Math.max(2, right - left), height: 14 }, style: { fill, opacity: api.value(3) as number } };
};

/** A stretch of a limit with its riser to the next; data: [start, end, value, next value or null]. */
export const drawLimit: CustomSeriesRenderItem = (_params, api) => {
  const from = api.coord([api.value(0), api.value(2)]);
  const to = api.coord([api.value(1), api.value(2)]);
  const next = Number(api.value(3));
  const points = [from, to].map((p) => [p[0] ?? 0, p[1] ?? 0] as [number, number]);
  if (!Number.isNaN(next)) {
    const riser = api.coord([api.value(1), next]);
    points.push([riser[0] ?? 0, riser[1] ?? 0]);
  }
  return { type: "polyline", shape: { points }, style: { stroke: token("breach"), fill: "none", lineWidth: 1.5, lineDash: [6, 4] } };
};
