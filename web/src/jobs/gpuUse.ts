import type { Reading } from "../live/fleetStore";

export interface JobGpuUse {
  /** Mean over those that have told; null: none has. */
  readonly percent: number | null;
  /** GPUs that are held and do nothing. */
  readonly idle: number;
}

export function gpuUse(readings: readonly (Reading | undefined)[]): JobGpuUse {
  const told = readings.map((reading) => reading?.telemetry?.utilizationPercent).filter((percent) => typeof percent === "number");
  return {
    percent: told.length === 0 ? null : Math.round(told.reduce((sum, percent) => sum + percent, 0) / told.length),
    idle: readings.filter((reading) => reading?.use === "HELD_IDLE" || reading?.use === "HELD_EMPTY").length,
  };
}
