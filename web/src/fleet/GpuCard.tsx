// The few lines about a GPU that appear beside it on the map.
import { useWorkspace } from "../app/LiveContext";
import { cardName, formatMemoryUse, formatPercent, formatTemperature } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { useCell, useEntity } from "../ui/useCell";
import styles from "./GpuCard.module.css";
import { holder } from "./gpuNow";
import { gpuState, presentGpu } from "./gpuState";

export function GpuCard({ id }: { readonly id: string }) {
  const { fleet } = useWorkspace();
  const gpu = useEntity(fleet.gpus, id);
  const host = useEntity(fleet.hosts, gpu?.hostId ?? "");
  const reading = useCell(fleet.reading(id));
  if (gpu === undefined) return null;
  const state = gpuState({ ...gpu, use: reading?.use ?? null });
  const organization = gpu.allocations[0]?.job.organization.slug;
  return (
    <div className={styles.card}>
      <strong>
        {host?.name}:{gpu.index}
      </strong>
      <span className={styles.muted}>
        {cardName(gpu.gpuType)}
        {gpu.simulated && " · simulated"}
      </span>
      <StatusMark presentation={presentGpu(state)} status={gpu.status} />
      <span>
        {holder(gpu) ?? gpu.statusReason ?? "no job"}
        {organization !== undefined && ` · ${organization}`}
      </span>
      <span className={styles.muted}>
        {formatPercent(reading?.telemetry?.utilizationPercent)} · {formatMemoryUse(reading?.telemetry?.memoryUsedMib, gpu.memoryMib)} ·{" "}
        {formatTemperature(reading?.telemetry?.temperatureCelsius)}
      </span>
    </div>
  );
}
