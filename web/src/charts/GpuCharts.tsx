// What some GPUs told over a span: a chart for each reading.
import { lazy, Suspense, useMemo } from "react";
import { useTheme } from "../app/theme";
import { useTimeZone } from "../app/timeZone";
import { Failure } from "../ui/Notice";
import styles from "./GpuCharts.module.css";
import { align, type GpuHistory, type Metric, METRICS, type Span, summary } from "./history";
import { useHistory } from "./useHistory";

const LineChart = lazy(() => import("./LineChart"));

export interface ChartedGpu {
  readonly id: string;
  readonly name: string;
}

/** More lines than this cannot be told apart. */
export const MOST_LINES = 8;

interface Props {
  readonly gpus: readonly ChartedGpu[];
  readonly span: Span;
  readonly metrics: readonly Metric[];
}

export function GpuCharts({ gpus, span, metrics }: Props) {
  const shown = gpus.slice(0, MOST_LINES);
  const { histories, error } = useHistory(shown.map(({ id }) => id), span);
  if (histories === undefined) return error === undefined ? <p className={styles.muted}>Loading history…</p> : <Failure error={error} />;
  if (histories.every(({ telemetryHistory }) => telemetryHistory.length === 0)) {
    return <p className={styles.muted}>Nothing was told in this time yet. A minute can be seen some seconds after it is over.</p>;
  }
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <div className={styles.charts}>
        {metrics.map((metric) => (
          <Chart key={metric} metric={metric} gpus={shown} histories={histories} span={span} />
        ))}
      </div>
      {gpus.length > shown.length && <p className={styles.muted}>The first {shown.length} of {gpus.length} GPUs.</p>}
    </>
  );
}

interface ChartProps {
  readonly metric: Metric;
  readonly gpus: readonly ChartedGpu[];
  readonly histories: readonly GpuHistory[];
  readonly span: Span;
}

function Chart({ metric, gpus, histories, span }: ChartProps) {
  const { theme } = useTheme();
  const zone = useTimeZone();
  const info = METRICS[metric];
  const data = useMemo(() => {
    const samples = gpus.map(({ id }) => histories.find((history) => history.id === id)?.telemetryHistory ?? []);
    return align(samples, span.stepSeconds, info.valueOf);
  }, [gpus, histories, span.stepSeconds, info]);
  const from = span.since / 1000;
  const to = span.until === undefined ? Math.max(from + span.stepSeconds, data.times.at(-1) ?? from) : span.until / 1000;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        {info.title}, {info.unit}
      </figcaption>
      <Suspense fallback={<div className={styles.waiting} />}>
        <LineChart
          info={info}
          names={gpus.map(({ name }) => name)}
          data={data}
          description={summary(info, data)}
          from={from}
          to={to}
          dark={theme === "dark"}
          utc={zone === "utc"}
        />
      </Suspense>
    </figure>
  );
}
