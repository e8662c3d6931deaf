// One GPU: its level at the left, filled from below; what it is, who holds it and what it reads beside that.
import { memo } from "react";
import { useWorkspace } from "../app/LiveContext";
import type { Gpu, Reading } from "../live/fleetStore";
import { cardName, formatMemoryUse, formatPercent, formatTemperature } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { useCell, useEntity } from "../ui/useCell";
import styles from "./GpuCell.module.css";
import { holder } from "./gpuNow";
import { type GpuState, gpuState, presentGpu } from "./gpuState";

interface Props {
  readonly id: string;
  readonly hostName: string;
  readonly chosen: boolean;
  readonly onChoose: (id: string | undefined) => void;
}

export const GpuCell = memo(function GpuCell({ id, hostName, chosen, onChoose }: Props) {
  const { fleet } = useWorkspace();
  const gpu = useEntity(fleet.gpus, id);
  const reading = useCell(fleet.reading(id));
  if (gpu === undefined) return null;
  const state = gpuState({ ...gpu, use: reading?.use ?? null });
  return (
    <li className={styles.item}>
      <button
        type="button"
        className={styles.cell}
        data-family={presentGpu(state).family}
        data-gpu-status={gpu.status}
        aria-pressed={chosen}
        onClick={() => onChoose(chosen ? undefined : id)}
      >
        <span className="visually-hidden">{hostName}</span>
        <Level state={state} percent={reading?.telemetry?.utilizationPercent ?? undefined} />
        <Text gpu={gpu} state={state} reading={reading} />
      </button>
    </li>
  );
});

function Text({ gpu, state, reading }: { readonly gpu: Gpu; readonly state: GpuState; readonly reading: Reading | undefined }) {
  const telemetry = reading?.telemetry;
  return (
    <span className={styles.text}>
      <span className={styles.row}>
        <span className={styles.index}>GPU {gpu.index}</span>
        <StatusMark presentation={presentGpu(state)} status={gpu.status} />
      </span>
      <span className={styles.type} title={gpu.gpuType}>
        {gpu.simulated && <span className={styles.sim}>sim</span>}
        {cardName(gpu.gpuType)}
        {gpu.simulated && <span className="visually-hidden">, simulated</span>}
      </span>
      <span className={styles.holder} data-free={holder(gpu) === undefined} title={holder(gpu) ?? reason(gpu, state)} dir="auto">
        {holder(gpu) ?? reason(gpu, state)}
      </span>
      <span className={styles.readings}>
        {telemetry === null || telemetry === undefined ? (
          <span>no readings</span>
        ) : (
          <>
            <span>{formatPercent(telemetry.utilizationPercent)}</span>
            <span>{formatMemoryUse(telemetry.memoryUsedMib, gpu.memoryMib)}</span>
            <span>{formatTemperature(telemetry.temperatureCelsius)}</span>
          </>
        )}
      </span>
    </span>
  );
}

function Level({ state, percent }: { readonly state: GpuState; readonly percent: number | undefined }) {
  const shown = state === "working" || state === "allocated";
  return (
    <span className={styles.level} data-state={state} aria-hidden="true">
      {shown && <span className={styles.fill} style={{ height: `${percent ?? 0}%` }} />}
    </span>
  );
}

function reason(gpu: Gpu, state: GpuState): string {
  return gpu.statusReason ?? (state === "free" ? "no job" : presentGpu(state).word.toLowerCase());
}
