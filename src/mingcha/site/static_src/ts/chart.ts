// Replaces the server's picture of a chart once its data are here. Gaps are never joined; times are Beijing wall
// clock, sent as UTC + 8 h and drawn with useUTC, so that ticks stand at Beijing midnight in any browser zone.
import { CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import type { CustomSeriesRenderItem } from "echarts";
import { CanvasRenderer } from "echarts/renderers";
import { announce } from "./base";
import { startRefresh } from "./refresh";

echarts.use([LineChart, ScatterChart, CustomChart, GridComponent, TooltipComponent, DataZoomComponent, CanvasRenderer]);

/** [wall ms, value, flag, shown text, revised 0|1, epoch s] */
type Point = [number, number | null, string, string | null, number, number];
type TrackItem = [number, number, string, string, string];

export interface ChartData {
  name: string;
  unit: string;
  step: number;
  start: number;
  end: number;
  summary: string;
  points: Point[];
  over: [number, number][];
  gaps: [number, number][];
  steps: { start: number; end: number; value: number; text: string }[];
  tracks: { name: string; items: TrackItem[] }[];
  words: Record<string, string>;
}

const TRACK_HEIGHT = 24;
const TOP = 28;
const PLOT = 250;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--m-${name}`).trim();
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** Wall-clock text of a shifted time. */
function clock(ms: number, seconds = false): string {
  const t = new Date(ms);
  const day = `${t.getUTCFullYear()}-${two(t.getUTCMonth() + 1)}-${two(t.getUTCDate())}`;
  return `${day} ${two(t.getUTCHours())}:${two(t.getUTCMinutes())}${seconds ? `:${two(t.getUTCSeconds())}` : ""}`;
}

function escaped(text: string): string {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}

/** The line with an empty place at the start of every gap. */
function broken(data: ChartData): (Point | [number, null])[] {
  const holes: [number, null][] = data.gaps.map(([start]) => [start, null]);
  return [...data.points, ...holes].sort((a, b) => a[0] - b[0]);
}

function tip(data: ChartData, point: Point): string {
  const [t, value, flag, shown, revised] = point;
  const limit = data.steps.find((step) => step.start <= t && t < step.end);
  const said = value === null ? escaped(flag || (data.words["gap"] ?? "")) : `<b>${escaped(shown ?? String(value))} ${escaped(data.unit)}</b>`;
  const lines = [clock(t, data.step < 60000), `${escaped(data.name)} ${said}`, flag === "" ? "" : escaped(flag), revised === 1 ? "◥" : ""];
  if (limit !== undefined) lines.push(escaped(limit.text));
  return lines.filter((line) => line !== "").join("<br>");
}

const drawSpan: CustomSeriesRenderItem = (params, api) => {
  const from = api.coord([api.value(0), api.value(2)]);
  const to = api.coord([api.value(1), api.value(2)]);
  const box = params.coordSys as unknown as { x: number; y: number; width: number; height: number };
  const left = Math.max(from[0] ?? 0, box.x);
  const right = Math.min(to[0] ?? 0, box.x + box.width);
  if (right <= box.x || left >= box.x + box.width) return null;
  return { type: "rect", shape: { x: left, y: (from[1] ?? 0) - 7, width: Math.max(2, right - left), height: 14 }, style: { fill: api.visual("color") as string, opacity: api.value(3) as number } };
};

const drawGap: CustomSeriesRenderItem = (params, api) => {
  const box = params.coordSys as unknown as { x: number; y: number; width: number; height: number };
  const left = Math.max((api.coord([api.value(0), 0]))[0] ?? 0, box.x);
  const right = Math.min((api.coord([api.value(1), 0]))[0] ?? 0, box.x + box.width);
  if (right <= left) return null;
  const mark = right - left > 16 ? [{ type: "text" as const, style: { text: "?", x: (left + right) / 2, y: box.y + box.height / 2, fill: token("breach"), font: "600 14px sans-serif", textAlign: "center" as const } }] : [];
  return {
    type: "group",
    children: [{ type: "rect" as const, shape: { x: left, y: box.y, width: right - left, height: box.height }, style: { fill: token("none-fill"), opacity: 0.8 } }, ...mark],
  };
};

const drawLimit: CustomSeriesRenderItem = (_params, api) => {
  const from = api.coord([api.value(0), api.value(2)]);
  const to = api.coord([api.value(1), api.value(2)]);
  return {
    type: "line",
    shape: { x1: from[0] ?? 0, y1: from[1] ?? 0, x2: to[0] ?? 0, y2: to[1] ?? 0 },
    style: { stroke: token("breach"), lineWidth: 1.5, lineDash: [6, 4] },
  };
};

/** The step of a readable axis: 1, 2, 2.5, 5 or 10 times a power of ten. */
function niceStep(highest: number): number {
  if (highest <= 0) return 0.5;
  const rough = highest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 2.5, 5].find((m) => power * m >= rough) ?? 10);
}

function roundUp(highest: number): number {
  const step = niceStep(highest);
  return highest <= 0 ? 1 : Math.ceil((highest * 1.04) / step) * step;
}

function option(data: ChartData, narrow: boolean): echarts.EChartsCoreOption {
  const left = narrow ? 56 : 84;
  const text = token("second");
  const axis = { axisLine: { lineStyle: { color: token("control") } }, axisLabel: { color: text, hideOverlap: true }, splitLine: { lineStyle: { color: token("line") } } };
  const tracks = data.tracks.flatMap((track, row) => track.items.map((item) => ({ value: [item[0], item[1], row, item[2] === "good" ? 0.35 : 1], item, itemStyle: { color: token(item[2]) || token("control") } })));
  const days = { year: "{yyyy}", month: "{MM}-{dd}", day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}" };
  const time = { type: "time", min: data.start, max: data.end, ...axis, axisLabel: { ...axis.axisLabel, formatter: days }, splitLine: { show: false } };
  const highest = data.points.reduce((most, p) => Math.max(most, p[1] ?? 0), Math.max(0, ...data.steps.map((s) => s.value)));
  return {
    useUTC: true,
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: [
      { left, right: 16, top: TOP, height: PLOT },
      { left, right: 16, top: TOP + PLOT + 34, height: TRACK_HEIGHT * data.tracks.length },
    ],
    xAxis: [{ ...time, gridIndex: 0 }, { ...time, gridIndex: 1, axisLabel: { show: false }, axisTick: { show: false } }],
    yAxis: [
      { type: "value", gridIndex: 0, min: 0, max: roundUp(highest), interval: niceStep(highest), name: data.unit, nameTextStyle: { color: text, align: "right" }, ...axis },
      { type: "category", gridIndex: 1, inverse: true, data: data.tracks.map((t) => t.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: text, fontSize: narrow ? 11 : 12, width: left - 8, overflow: "truncate" } },
    ],
    dataZoom: [
      { type: "inside", xAxisIndex: [0, 1], zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, filterMode: "none" },
      { type: "slider", xAxisIndex: [0, 1], left, right: 16, bottom: 4, height: 16, filterMode: "none", showDataShadow: false, brushSelect: false, borderColor: token("line"), fillerColor: token("notice-fill"), textStyle: { color: text }, labelFormatter: (value: number) => clock(value).slice(5) },
    ],
    tooltip: {
      trigger: "item", confine: true, extraCssText: "white-space: normal; max-width: 300px", backgroundColor: token("raised"), borderColor: token("line"), textStyle: { color: token("text"), fontSize: 13 },
      formatter: (params: { seriesId?: string; data: unknown }) => {
        if (params.seriesId === "tracks") {
          const { item } = params.data as { item: TrackItem };
          return `${escaped(item[3])}<br>${clock(item[0])} – ${clock(item[1])}`;
        }
        if (params.seriesId === "limit") return escaped((params.data as { text: string }).text);
        const point = Array.isArray(params.data) ? (params.data as Point) : null;
        return point === null ? "" : tip(data, data.points.find((p) => p[0] === point[0]) ?? point);
      },
    },
    series: [
      { id: "gaps", type: "custom", renderItem: drawGap, data: data.gaps.map((gap) => [...gap, 0]), silent: true, z: 0, clip: true },
      { id: "limit", type: "custom", renderItem: drawLimit, clip: true, z: 3, data: data.steps.map((s) => ({ value: [s.start, s.end, s.value], text: s.text })) },
      { id: "line", type: "line", data: broken(data), connectNulls: false, showSymbol: true, symbol: "circle", symbolSize: data.points.length > 200 ? 3 : 5, lineStyle: { color: token("series-1"), width: 1.6 }, itemStyle: { color: token("series-1") }, emphasis: { scale: 2 }, z: 4, clip: true },
      { id: "over", type: "scatter", data: data.over, symbol: "triangle", symbolSize: 10, itemStyle: { color: token("breach") }, z: 5, clip: true },
      { id: "tracks", type: "custom", xAxisIndex: 1, yAxisIndex: 1, renderItem: drawSpan, data: tracks, clip: true },
    ],
  };
}

/** One chart on the page: draws, listens to pointer and keys, opens the evidence of a point. */
class LiveChart {
  private chart: echarts.EChartsType | null = null;
  private data: ChartData | null = null;
  private at = -1;

  constructor(private readonly figure: HTMLElement) {}

  async load(): Promise<void> {
    const address = this.figure.dataset["chart"];
    if (address === undefined) return;
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    this.data = (await response.json()) as ChartData;
    this.draw(this.data);
  }

  private draw(data: ChartData): void {
    if (this.chart === null) this.chart = this.replace(data);
    this.chart.setOption(option(data, this.figure.clientWidth < 600));
    const caption = this.figure.querySelector("figcaption");
    if (caption !== null) caption.textContent = data.summary;
  }

  private replace(data: ChartData): echarts.EChartsType {
    const box = document.createElement("div");
    box.className = "m-chart-canvas";
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-roledescription", data.words["chart"] ?? "chart");
    box.setAttribute("aria-label", data.summary);
    box.style.height = `${TOP + PLOT + 34 + TRACK_HEIGHT * data.tracks.length + 40}px`;
    this.figure.querySelector(".m-chart-picture")?.replaceWith(box);
    const chart = echarts.init(box);
    chart.on("click", (params) => this.clicked(params as unknown as { seriesId: string; data: unknown }));
    box.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => chart.resize()).observe(box);
    return chart;
  }

  private clicked(params: { seriesId: string; data: unknown }): void {
    if (params.seriesId === "tracks") {
      const { item } = params.data as { item: TrackItem };
      if (item[4] !== "") location.assign(item[4]);
      return;
    }
    const time = Array.isArray(params.data) ? (params.data as number[])[0] : undefined;
    const point = this.data?.points.find((p) => p[0] === time);
    if (point !== undefined) this.open(point);
  }

  private open(point: Point): void {
    const base = this.figure.dataset["evidence"];
    if (base === undefined) return;
    const detail = `${base}?${this.figure.dataset["query"] ?? ""}&at=${point[5]}`;
    this.chart?.dispatchAction({ type: "hideTip" });
    document.dispatchEvent(new CustomEvent("evidence", { detail }));
  }

  private pressed(event: KeyboardEvent): void {
    const points = this.data?.points ?? [];
    const last = points.length - 1;
    const from = this.at < 0 ? last : this.at;
    const moves: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 24, PageDown: from + 24, Home: 0, End: last };
    const next = moves[event.key];
    if (event.key === "Enter" && points[this.at] !== undefined) {
      event.preventDefault();
      this.open(points[this.at] as Point);
    } else if (next !== undefined && last >= 0) {
      event.preventDefault();
      this.at = Math.min(last, Math.max(0, next));
      this.show(points[this.at] as Point);
    }
  }

  private show(point: Point): void {
    const index = broken(this.data as ChartData).findIndex((p) => p[0] === point[0]);
    this.chart?.dispatchAction({ type: "showTip", seriesId: "line", seriesIndex: 2, dataIndex: index });
    announce(`${clock(point[0])} ${point[3] ?? point[2]} ${this.data?.unit ?? ""} ${point[2]}`);
  }
}

for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) {
  const chart = new LiveChart(figure);
  void chart.load();
  startRefresh(figure, () => chart.load());
}
