// All that is known about one GPU, beside the grid.
import { useCallback, useEffect, useState } from "react";
import { Link } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { GpuDetailDocument, type GpuDetailQuery } from "../generated/graphql";
import type { Gpu, Reading } from "../live/fleetStore";
import { Button } from "../ui/Button";
import { formatMemory, formatMemoryUse, formatPercent, formatPower, formatTemperature, UNKNOWN } from "../ui/format";
import { Empty, Failure } from "../ui/Notice";
import { Facts, Panel } from "../ui/Panel";
import { StatusMark } from "../ui/StatusMark";
import { RelativeTime } from "../ui/time";
import { useCell, useEntity } from "../ui/useCell";
import { jobPath } from "../jobs/jobPath";
import { holder } from "./GpuCell";
import styles from "./GpuPanel.module.css";
import { gpuState, presentGpu } from "./gpuState";

type Process = NonNullable<GpuDetailQuery["gpu"]>["processes"][number];

export function GpuPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const { fleet } = useWorkspace();
  const gpu = useEntity(fleet.gpus, id);
  const reading = useCell(fleet.reading(id));
  const host = useEntity(fleet.hosts, gpu?.hostId ?? "");
  const { processes, error } = useProcesses(id, gpu?.version);
  const close = <Button kind="quiet" onClick={onClose}>Close</Button>;
  if (gpu === undefined) {
    return (
      <Panel title="GPU" aside={close}>
        <Empty title="No such GPU">It left the fleet, or another organization's host carries it.</Empty>
      </Panel>
    );
  }
  return (
    <Panel title={`${host?.name ?? ""} GPU ${gpu.index}`} aside={close}>
      <GpuFacts gpu={gpu} reading={reading} />
      <h3 className={styles.heading}>Processes</h3>
      {error !== undefined ? <Failure error={error} /> : <Processes processes={processes} />}
    </Panel>
  );
}

function GpuFacts({ gpu, reading }: { readonly gpu: Gpu; readonly reading: Reading | undefined }) {
  const state = gpuState({ ...gpu, use: reading?.use ?? null });
  const telemetry = reading?.telemetry;
  const rows: ReadonlyArray<readonly [string, React.ReactNode]> = [
    ["State", <StatusMark key="state" presentation={presentGpu(state)} status={gpu.status} />],
    ["Why", gpu.statusReason ?? UNKNOWN],
    ["Held by", <Holders key="held" gpu={gpu} />],
    ["Share given", `${gpu.allocatedMilli / 10} %`],
    ["Type", gpu.gpuType],
    ["Memory", formatMemory(gpu.memoryMib)],
    ["Memory used", formatMemoryUse(telemetry?.memoryUsedMib, gpu.memoryMib)],
    ["Utilization", formatPercent(telemetry?.utilizationPercent)],
    ["Temperature", formatTemperature(telemetry?.temperatureCelsius)],
    ["Power", formatPower(telemetry?.powerWatts)],
    ["Health", gpu.health.toLowerCase()],
    ["Read", telemetry === null || telemetry === undefined ? UNKNOWN : <RelativeTime key="at" at={telemetry.at} />],
    ["UUID", <code key="uuid">{gpu.uuid}</code>],
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

function Processes({ processes }: { readonly processes: readonly Process[] | undefined }) {
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

/** Asked for again whenever the GPU itself changed. */
function useProcesses(id: string, version: number | undefined) {
  const { api } = useWorkspace();
  const [processes, setProcesses] = useState<readonly Process[]>();
  const [error, setError] = useState<ApiError>();
  const load = useCallback(async () => {
    try {
      const { gpu } = await api.query(GpuDetailDocument, { id });
      setProcesses(gpu?.processes ?? []);
      setError(undefined);
    } catch (failure) {
      setError(asApiError(failure));
    }
  }, [api, id]);
  useEffect(() => void load(), [load, version]);
  return { processes, error };
}
