// Replaces the server's picture of a chart once its data are here. Gaps are never joined; times are Beijing wall
// clock, sent as UTC + 8 h and drawn with useUTC, so that ticks stand at Beijing midnight in any browser zone.
import { CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { announce } from "./base";
import { broken, clock, closer, type ChartData, type Curve, type Point, type TrackItem } from "./chart_data";
import { lineId, lineSeries, option, PLOT, TOP, TRACK_HEIGHT } from "./chart_option";
import { startRefresh } from "./refresh";

echarts.use([LineChart, ScatterChart, CustomChart, GridComponent, TooltipComponent, DataZoomComponent, CanvasRenderer]);

const REST_MS = 250; // after the last move of the zoom, before a closer look is fetched
const CLOSER = 0.6; // of the whole: only a smaller part is worth another look

/** One chart on the page: draws, listens to pointer and keys, opens the evidence of a point. */
class LiveChart {
  private chart: echarts.EChartsType | null = null;
  private data: ChartData | null = null;
  private shown: ChartData | null = null;
  private timer = 0;
  private curve = 0;
  private at = -1;

  constructor(private readonly figure: HTMLElement) {}

  async load(): Promise<void> {
    const address = this.figure.dataset["chart"];
    if (address === undefined) return;
    const data = await this.fetched(address);
    if (data === null) return;
    this.data = data;
    this.draw(data);
  }

  private async fetched(address: string): Promise<ChartData | null> {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    return response.ok ? ((await response.json()) as ChartData) : null;
  }

  private draw(data: ChartData): void {
    this.shown = data;
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
    chart.on("datazoom", () => this.zoomed());
    box.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => chart.resize()).observe(box);
    return chart;
  }

  /** Where points were left out, a closer look brings those of the part that is in view. */
  private zoomed(): void {
    window.clearTimeout(this.timer);
    if (this.data?.thinned === true) this.timer = window.setTimeout(() => void this.look(), REST_MS);
  }

  private async look(): Promise<void> {
    const base = this.data;
    const zoom = (this.chart?.getOption() as { dataZoom?: { startValue: number; endValue: number }[] } | undefined)?.dataZoom?.[0];
    if (base === null || zoom === undefined) return;
    if (zoom.endValue - zoom.startValue > (base.end - base.start) * CLOSER) return;
    const address = new URL(this.figure.dataset["chart"] ?? "", location.href);
    address.searchParams.set("s", "own");
    address.searchParams.set("from", new Date(zoom.startValue).toISOString().slice(0, 16));
    address.searchParams.set("to", new Date(zoom.endValue + 60000).toISOString().slice(0, 16));
    const detail = await this.fetched(address.href);
    if (detail === null || this.data !== base) return;
    this.shown = closer(base, detail);
    this.chart?.setOption({ series: lineSeries(this.shown) });
  }

  private clicked(params: { seriesId: string; data: unknown }): void {
    if (params.seriesId === "tracks") {
      const { item } = params.data as { item: TrackItem };
      if (item[4] !== "") location.assign(item[4]);
      return;
    }
    const curve = this.shown?.curves[Number(params.seriesId.split("-")[1])];
    const time = Array.isArray(params.data) ? (params.data as number[])[0] : undefined;
    const point = curve?.points.find((p) => p[0] === time) ?? this.exact(curve, time);
    if (curve !== undefined && point !== undefined) this.open(curve, point);
  }

  /** An exceeding point that thinning left out of the line still has its evidence. */
  private exact(curve: Curve | undefined, time: number | undefined): Point | undefined {
    const over = curve?.over.find((p) => p[0] === time);
    return over === undefined ? undefined : [over[0], over[1], "", null, 0, over[0] / 1000 - 8 * 3600, ""];
  }

  private open(curve: Curve, point: Point): void {
    const base = curve.evidence !== "" ? curve.evidence : this.figure.dataset["evidence"];
    if (base === undefined) return;
    this.chart?.dispatchAction({ type: "hideTip" });
    document.dispatchEvent(new CustomEvent("evidence", { detail: `${base}?${curve.query}&at=${point[5]}` }));
  }

  private pressed(event: KeyboardEvent): void {
    const curves = this.shown?.curves ?? [];
    const curve = curves[this.curve];
    if (curve === undefined) return;
    const last = curve.points.length - 1;
    const from = this.at < 0 ? last : this.at;
    const moves: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 24, PageDown: from + 24, Home: 0, End: last };
    const next = moves[event.key];
    const here = curve.points[this.at];
    if (event.key === "Enter" && here !== undefined) {
      event.preventDefault();
      this.open(curve, here);
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && curves.length > 1) {
      event.preventDefault();
      this.step(event.key === "ArrowDown" ? 1 : curves.length - 1, here);
    } else if (next !== undefined && last >= 0) {
      event.preventDefault();
      this.at = Math.min(last, Math.max(0, next));
      this.show();
    }
  }

  /** To the next factor, at the moment nearest to where one is. */
  private step(by: number, here: Point | undefined): void {
    const curves = this.shown?.curves ?? [];
    this.curve = (this.curve + by) % curves.length;
    const points = curves[this.curve]?.points ?? [];
    const found = here === undefined ? -1 : points.findIndex((p) => p[0] >= here[0]);
    this.at = found < 0 ? points.length - 1 : found;
    this.show();
  }

  private show(): void {
    const curve = this.shown?.curves[this.curve];
    const point = curve?.points[this.at];
    if (curve === undefined || point === undefined) return;
    const index = broken(curve).findIndex((p) => p[0] === point[0]);
    const ids = ((this.chart?.getOption() as { series?: { id: string }[] } | undefined)?.series ?? []).map((s) => s.id);
    this.chart?.dispatchAction({ type: "showTip", seriesIndex: ids.indexOf(lineId(this.curve)), dataIndex: index });
    announce(`${curve.name} ${clock(point[0])} ${point[3] ?? (point[6] || point[2])} ${curve.unit} ${point[2]}`);
  }
}

for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) {
  const chart = new LiveChart(figure);
  void chart.load();
  startRefresh(figure, () => chart.load());
}
