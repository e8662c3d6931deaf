// What is known of one GPU, in rows.
import { Link } from "wouter";
import { jobPath } from "../jobs/jobPath";
import type { Gpu, Reading } from "../live/fleetStore";
import { CopyButton } from "../ui/CopyButton";
import { formatMemory, formatMemoryUse, formatPercent, formatPower, formatTemperature, UNKNOWN } from "../ui/format";
import { Facts } from "../ui/Panel";
import { StatusMark } from "../ui/StatusMark";
import { RelativeTime } from "../ui/time";
import styles from "./GpuFacts.module.css";
import { holder } from "./gpuNow";
import { gpuState, presentGpu, sayUse } from "./gpuState";
import type { GpuDetail } from "./useGpuDetail";

type Process = GpuDetail["processes"][number];

export function GpuFacts({ gpu, reading }: { readonly gpu: Gpu; readonly reading: Reading | undefined }) {
  const state = gpuState({ ...gpu, use: reading?.use ?? null });
  const telemetry = reading?.telemetry;
  const rows: ReadonlyArray<readonly [string, React.ReactNode]> = [
    ["State", <StatusMark key="state" presentation={presentGpu(state)} status={gpu.status} />],
    ["Why", gpu.statusReason ?? UNKNOWN],
    ["Held by", <Holders key="held" gpu={gpu} />],
    ["Its own word", sayUse(reading?.use ?? null)],
    ["Share given", `${gpu.allocatedMilli / 10} %`],
    ["Type", gpu.gpuType],
    ["Memory", formatMemory(gpu.memoryMib)],
    ["Memory used", formatMemoryUse(telemetry?.memoryUsedMib, gpu.memoryMib)],
    ["Utilization", formatPercent(telemetry?.utilizationPercent)],
    ["Temperature", formatTemperature(telemetry?.temperatureCelsius)],
    ["Power", formatPower(telemetry?.powerWatts)],
    ["Health", gpu.health.toLowerCase()],
    ["Read", telemetry === null || telemetry === undefined ? UNKNOWN : <RelativeTime key="at" at={telemetry.at} />],
    ["UUID", <span key="uuid"><code>{gpu.uuid}</code> <CopyButton text={gpu.uuid} what="the UUID" /></span>],
  ];
  return <Facts rows={rows.filter(([name, value]) => name !== "Why" || value !== UNKNOWN)} />;
}

function Holders({ gpu }: { readonly gpu: Gpu }) {
  if (gpu.allocations.length === 0) return <>{holder(gpu) ?? UNKNOWN}</>;
  return (
    <>
      {gpu.allocations.map(({ id, job }) => (
        <div key={id}>
          <Link href={jobPath(job.id)}>{job.name}</Link>
        </div>
      ))}
    </>
  );
}

export function Processes({ processes }: { readonly processes: readonly Process[] | undefined }) {
  if (processes === undefined) return <p className={styles.muted}>Loading…</p>;
  if (processes.length === 0) return <p className={styles.muted}>The card lists none.</p>;
  return (
    <ul className={styles.processes}>
      {processes.map((process) => (
        <li key={process.pid}>
          <code>{process.pid}</code> {process.command ?? UNKNOWN} · {formatMemory(process.memoryUsedMib)} ·{" "}
          {process.owner === "JOB" ? (process.job?.name ?? "a job") : process.owner.toLowerCase()}
        </li>
      ))}
    </ul>
  );
}

