// What GPUs told over time, put on one axis of equal steps. A step in which one told nothing stays empty, so that a line
// breaks there instead of claiming what nobody saw.
import type { TelemetryHistoryQuery } from "../generated/graphql";

type Node = NonNullable<TelemetryHistoryQuery["nodes"][number]>;
export type GpuHistory = Extract<Node, { readonly telemetryHistory: unknown }>;
export type Sample = GpuHistory["telemetryHistory"][number];

export interface Span {
  /** Milliseconds. */
  readonly since: number;
  /** Undefined: now. */
  readonly until: number | undefined;
  readonly stepSeconds: number;
}

export type Metric = "utilization" | "memory" | "temperature" | "power";

export interface MetricInfo {
  readonly title: string;
  readonly unit: string;
  /** Where the axis ends, when that is known. */
  readonly most: number | undefined;
  readonly valueOf: (sample: Sample) => number | null;
}

const MIB_PER_GIB = 1024;

export const METRICS: Readonly<Record<Metric, MetricInfo>> = {
  utilization: { title: "Utilization", unit: "%", most: 100, valueOf: (sample) => sample.utilizationPercent },
  memory: { title: "Memory in use", unit: "GiB", most: undefined, valueOf: ({ memoryUsedMib }) => (memoryUsedMib === null ? null : memoryUsedMib / MIB_PER_GIB) },
  temperature: { title: "Temperature", unit: "°C", most: undefined, valueOf: (sample) => sample.temperatureCelsius },
  power: { title: "Power", unit: "W", most: undefined, valueOf: (sample) => sample.powerWatts },
};

/** Steps of whole minutes, so that a span has about as many as a chart has room for. */
const MOST_STEPS = 240;

export function spanOf(since: number, until: number | undefined, now: number): Span {
  const minutes = ((until ?? now) - since) / 60_000;
  return { since, until, stepSeconds: Math.max(1, Math.ceil(minutes / MOST_STEPS)) * 60 };
}

export function stepsIn({ since, until, stepSeconds }: Span, now: number): number {
  return Math.max(1, Math.ceil(((until ?? now) - since) / 1000 / stepSeconds)) + 1;
}

export interface Aligned {
  /** Seconds since 1970, as the chart wants them. */
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

export function align(histories: readonly (readonly Sample[])[], stepSeconds: number, valueOf: MetricInfo["valueOf"]): Aligned {
  const seconds = histories.map((history) => history.map((sample) => Date.parse(sample.at) / 1000));
  const all = seconds.flat();
  if (all.length === 0) return { times: [], values: histories.map(() => []) };
  const first = Math.min(...all);
  const steps = Math.round((Math.max(...all) - first) / stepSeconds) + 1;
  const times = Array.from({ length: steps }, (_, step) => first + step * stepSeconds);
  const values = histories.map((history, gpu) => {
    const row: (number | null)[] = times.map(() => null);
    history.forEach((sample, index) => (row[Math.round(((seconds[gpu]?.[index] ?? first) - first) / stepSeconds)] = valueOf(sample)));
    return row;
  });
  return { times, values };
}

/** For those who do not see the line. */
export function summary({ title, unit }: MetricInfo, { values }: Aligned): string {
  const told = values.flat().filter((value) => value !== null);
  if (told.length === 0) return `${title}: nothing was told in this time.`;
  const mean = told.reduce((sum, value) => sum + value, 0) / told.length;
  const [least, most] = [Math.min(...told), Math.max(...told)];
  const round = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 1 });
  return `${title}: ${round(least)} to ${round(most)} ${unit}, ${round(mean)} ${unit} on average.`;
}
