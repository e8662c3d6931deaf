// How a job's GPUs were used while it held them.
import { useState } from "react";
import { GpuCharts } from "../charts/GpuCharts";
import { spanOf } from "../charts/history";
import { Panel } from "../ui/Panel";
import { JobUse } from "./JobUse";
import type { Detail } from "./useJobDetail";

export function JobCharts({ job }: { readonly job: Detail }) {
  const [now] = useState(Date.now);
  const began = job.startedAt ?? job.allocatedAt;
  if (began === null || job.gpus.length === 0) return null;
  const ids = job.gpus.map(({ id }) => id);
  const ended = job.finishedAt === null ? undefined : Date.parse(job.finishedAt);
  const gpus = job.gpus.map(({ id, index, host }) => ({ id, name: `${host.name}:${index}` }));
  return (
    <Panel title="Use of its GPUs" aside={ended === undefined ? <JobUse gpuIds={ids} /> : undefined}>
      <GpuCharts gpus={gpus} span={spanOf(wholeMinute(Date.parse(began)), ended, now)} metrics={["utilization", "memory"]} />
    </Panel>
  );
}

/** History is in minutes: a job that began within one is seen from that minute on. */
function wholeMinute(instant: number): number {
  return Math.floor(instant / 60_000) * 60_000;
}
