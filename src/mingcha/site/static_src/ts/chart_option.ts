// A chart's data as an option of ECharts: up to four lines on one or two axes, hatched gaps, limits, tracks.
import type * as echarts from "echarts/core";
import { broken, clock, escaped, tip, type ChartData, type Curve, type Point, type TrackItem } from "./chart_data";
import { drawGap, drawLimit, drawSpan, token } from "./chart_marks";

export const TRACK_HEIGHT = 24;
export const TOP = 28;
export const PLOT = 250;
const DASHES: (string | number[])[] = ["solid", [6, 3], [2, 2], [8, 2, 2, 2], [12, 4], [1, 4]];
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "circle", "rect"];
const MANY = 200; // points from which their symbols are small
const SOME = 12; // symbols of a long line among several, so that it is told without colour

function colour(number: number): string {
  return number < 4 ? token(`series-${number + 1}`) : token("second");
}

/** The step of a readable axis: 1, 2, 2.5, 5 or 10 times a power of ten. */
function niceStep(range: number): number {
  if (range <= 0) return 0.5;
  const rough = range / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 2.5, 5].find((m) => power * m >= rough) ?? 10);
}

function valueAxis(axis: { unit: string; low: number; high: number }, number: number, look: object): object {
  const step = niceStep(axis.high - axis.low);
  const min = Math.floor(axis.low / step) * step;
  const max = Math.ceil(axis.high / step - 1e-9) * step;
  return {
    type: "value", gridIndex: 0, min, max, interval: step, name: axis.unit, position: number === 0 ? "left" : "right",
    nameTextStyle: { color: token("second"), align: number === 0 ? "right" : "left" }, ...look, ...(number === 0 ? {} : { splitLine: { show: false } }),
  };
}

/** The series of one factor: its line, its limit, what lies above. */
function curveSeries(curve: Curve, number: number, count: number): object[] {
  const many = curve.points.length > MANY;
  const every = Math.max(1, Math.floor(curve.points.length / SOME));
  const size = (_v: unknown, p: { dataIndex: number }): number => (!many ? 5 : count > 1 && p.dataIndex % every === 0 ? 7 : 3);
  const steps = curve.steps.map((s, i) => ({ value: [s.start, s.end, s.value, curve.steps[i + 1]?.start === s.end ? curve.steps[i + 1]?.value : NaN], text: s.text }));
  return [
    { id: `limit-${number}`, type: "custom", yAxisIndex: curve.axis, renderItem: drawLimit, clip: true, z: 3, data: steps },
    { id: `line-${number}`, name: curve.name, type: "line", yAxisIndex: curve.axis, data: broken(curve), connectNulls: false, showSymbol: true, symbol: SYMBOLS[number], symbolSize: size, lineStyle: { color: colour(number), width: 1.6, type: DASHES[number] }, itemStyle: { color: colour(number) }, emphasis: { scale: 2 }, z: 4, clip: true },
    { id: `over-${number}`, type: "scatter", yAxisIndex: curve.axis, data: curve.over, symbol: "triangle", symbolSize: 10, itemStyle: { color: token("breach") }, z: 5, clip: true },
  ];
}

/** The place of the line of a factor among the series. */
export function lineId(number: number): string {
  return `line-${number}`;
}

export function lineSeries(data: ChartData): object[] {
  return data.curves.map((curve, number) => ({ id: lineId(number), data: broken(curve) }));
}

function said(data: ChartData, params: { seriesId?: string; data: unknown }): string {
  const id = params.seriesId ?? "";
  if (id === "tracks") {
    const { item } = params.data as { item: TrackItem };
    return `${escaped(item[3])}<br>${clock(item[0])} – ${clock(item[1])}`;
  }
  if (id === "gaps") {
    const { gap } = params.data as { gap: [number, number, string, string] };
    return `${escaped(gap[3])}<br>${clock(gap[0])} – ${clock(gap[1])}`;
  }
  if (id.startsWith("limit-")) return escaped((params.data as { text: string }).text);
  const curve = data.curves[Number(id.split("-")[1])];
  const at = Array.isArray(params.data) ? (params.data as number[])[0] : undefined;
  const point = curve?.points.find((p) => p[0] === at);
  return curve === undefined || point === undefined ? "" : tip(data, curve, point);
}

export function option(data: ChartData, narrow: boolean): echarts.EChartsCoreOption {
  const left = narrow ? 56 : 84;
  const right = data.axes.length > 1 ? (narrow ? 48 : 64) : 16;
  const text = token("second");
  const look = { axisLine: { lineStyle: { color: token("control") } }, axisLabel: { color: text, hideOverlap: true }, splitLine: { lineStyle: { color: token("line") } } };
  const tracks = data.tracks.flatMap((track, row) => track.items.map((item) => ({ value: [item[0], item[1], row, item[2] === "good" ? 0.35 : 1, item[5]], item, itemStyle: { color: token(item[2]) || token("control") } })));
  const days = { year: "{yyyy}", month: "{yyyy}-{MM}", day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}" };
  const time = { type: "time", min: data.start, max: data.end, ...look, axisLabel: { ...look.axisLabel, formatter: days }, splitLine: { show: false } };
  const hint = { trigger: "item", confine: true, extraCssText: "white-space: normal; max-width: 300px", backgroundColor: token("raised"), borderColor: token("line"), textStyle: { color: token("text"), fontSize: 13 } };
  return {
    useUTC: true,
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: [
      { left, right, top: TOP, height: PLOT },
      { left, right, top: TOP + PLOT + 34, height: TRACK_HEIGHT * data.tracks.length },
    ],
    xAxis: [{ ...time, gridIndex: 0 }, { ...time, gridIndex: 1, axisLabel: { show: false }, axisTick: { show: false } }],
    yAxis: [
      ...data.axes.map((axis, number) => valueAxis(axis, number, look)),
      { type: "category", gridIndex: 1, inverse: true, data: data.tracks.map((t) => t.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: text, fontSize: narrow ? 11 : 12, width: left - 8, overflow: "truncate" } },
    ],
    dataZoom: [
      { type: "inside", xAxisIndex: [0, 1], zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, filterMode: "none" },
      { type: "slider", xAxisIndex: [0, 1], left, right, bottom: 4, height: 16, filterMode: "none", showDataShadow: false, brushSelect: false, borderColor: token("line"), fillerColor: token("notice-fill"), textStyle: { color: text }, labelFormatter: (value: number) => clock(value).slice(5) },
    ],
    tooltip: { ...hint, formatter: (params: { seriesId?: string; data: unknown }) => said(data, params) },
    series: [
      { id: "gaps", type: "custom", renderItem: drawGap, data: data.gaps.map((gap) => ({ value: [gap[0], gap[1], gap[2]], gap })), encode: { x: [0, 1], y: -1 }, dimensions: ["start", "end", { name: "pattern", type: "ordinal" }], z: 0, clip: true },
      ...data.curves.flatMap((curve, number) => curveSeries(curve, number, data.curves.length)),
      { id: "tracks", type: "custom", xAxisIndex: 1, yAxisIndex: data.axes.length, renderItem: drawSpan, data: tracks, dimensions: ["start", "end", "row", "opacity", { name: "pattern", type: "ordinal" }], encode: { x: [0, 1], y: 2 }, clip: true },
    ],
  };
}

export type { Point };
