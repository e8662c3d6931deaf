// Lines over time, drawn by uPlot, which is loaded with the first chart. One hue; lines are told apart by their dashes and
// by the legend, which names each and tells its value under the pointer.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Aligned, MetricInfo } from "./history";
import { formatClock, UNKNOWN } from "../ui/format";
import styles from "./LineChart.module.css";

export interface LineChartProps {
  readonly info: MetricInfo;
  readonly names: readonly string[];
  readonly data: Aligned;
  readonly description: string;
  /** Seconds since 1970 at both ends of the axis. */
  readonly from: number;
  readonly to: number;
  readonly dark: boolean;
  readonly utc: boolean;
}

const HEIGHT = 168;
const DASHES: readonly number[][] = [[], [6, 4], [2, 3], [10, 4, 2, 4], [12, 3], [4, 2, 1, 2], [1, 4], [8, 2, 2, 2, 2, 2]];
/** Charts on one page point at the same moment together. */
const CURSORS = "gpu-fleet";

export default function LineChart({ info, names, data, description, from, to, dark, utc }: LineChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const newest = useRef(data);
  useEffect(() => {
    newest.current = data;
    chart.current?.setData(columns(data));
  }, [data]);
  const line = names.join("\n");
  useEffect(() => {
    const holder = element.current;
    if (holder === null) return undefined;
    const created = new uPlot(options(holder, { info, names: line.split("\n"), from, to, utc }), columns(newest.current), holder);
    chart.current = created;
    // Says that no pointer is there, so that the legend tells the newest from the start.
    created.setCursor({ left: -10, top: -10 });
    const observer = new ResizeObserver(() => created.setSize({ width: holder.clientWidth, height: HEIGHT }));
    observer.observe(holder);
    return () => {
      observer.disconnect();
      created.destroy();
      chart.current = undefined;
    };
    // The colours are read anew when the theme changes.
  }, [info, line, from, to, dark, utc]);
  return <div ref={element} className={styles.chart} role="img" aria-label={description} />;
}

function columns({ times, values }: Aligned): uPlot.AlignedData {
  return [times as number[], ...(values as (number | null)[][])];
}

type Wishes = Pick<LineChartProps, "info" | "names" | "from" | "to" | "utc">;

function options(holder: HTMLElement, { info, names, from, to, utc }: Wishes): uPlot.Options {
  const style = getComputedStyle(holder);
  const colour = (name: string): string => resolved(holder, style.getPropertyValue(name));
  const axis = { stroke: colour("--muted"), font: `11px ${style.fontFamily}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  return {
    width: holder.clientWidth,
    height: HEIGHT,
    ...(utc && { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") }),
    cursor: { sync: { key: CURSORS }, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { x: { range: () => [from, to] }, y: { range: (_chart, _least, most) => [0, info.most ?? Math.max(1, most * 1.1)] } },
    axes: [{ ...axis, space: 64, values: TIMES }, { ...axis, size: 46, space: 30 }],
    series: [
      { label: "Time", value: (chart, seconds: number | null) => clockText(seconds ?? newestOf(chart.data[0]), utc) },
      ...names.map((label, index) => ({
        label,
        stroke: colour("--run"),
        width: 1.5,
        dash: DASHES[index % DASHES.length] ?? [],
        spanGaps: false,
        // A line needs two points; a single one would not be seen.
        points: { show: (chart: uPlot) => chart.data[0].length === 1 },
        // Under no pointer the newest is told.
        value: (chart: uPlot, value: number | null, series: number, at: number | null) => amountText(at === null ? newestOf(chart.data[series]) : value, info),
      })),
    ],
  };
}

function newestOf(column: uPlot.AlignedData[number] | undefined): number | null {
  for (let at = (column?.length ?? 0) - 1; at >= 0; at--) {
    const value = column?.[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function amountText(value: number | null, { unit }: MetricInfo): string {
  return value === null ? UNKNOWN : `${value.toFixed(unit === "GiB" ? 1 : 0)} ${unit}`;
}

function clockText(seconds: number | null, utc: boolean): string {
  if (seconds === null) return UNKNOWN;
  return `${formatClock(seconds * 1000).replace(/:\d\d$/, "")}${utc ? " UTC" : ""}`;
}

/** Hours of the day, and the day where it changes; 24 hours, as everywhere here. */
const TIMES: (string | number | null)[][] = [
  [86_400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, null, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, null, null, null, null, 1],
];

/** A canvas knows no light-dark(); an element's own colour is always resolved. */
function resolved(holder: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  holder.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
