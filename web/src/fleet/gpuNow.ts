// What a GPU is doing now, by its newest reading, and how that is said.
import type { FleetStore, Gpu } from "../live/fleetStore";
import { cardName } from "../ui/format";
import { type GpuState, gpuState, presentGpu } from "./gpuState";

/** Of a GPU that is not known any more: unavailable. */
export function gpuStateNow(fleet: FleetStore, id: string): GpuState {
  const gpu = fleet.gpus.get(id);
  return gpu === undefined ? "unavailable" : gpuState({ ...gpu, use: fleet.reading(id).get()?.use ?? null });
}

/** Who holds it, as far as the viewer may know. */
export function holder(gpu: Gpu): string | undefined {
  const [first, ...others] = gpu.allocations;
  if (first === undefined) return gpu.status === "ALLOCATED" ? "another organization" : undefined;
  return others.length === 0 ? first.job.name : `${first.job.name} +${others.length}`;
}

export function spokenGpu(gpu: Gpu, hostName: string, state: GpuState): string {
  const parts = [`${hostName} GPU ${gpu.index}`, cardName(gpu.gpuType), presentGpu(state).word.toLowerCase()];
  const held = holder(gpu);
  if (held !== undefined) parts.push(`held by ${held}`);
  if (gpu.simulated) parts.push("simulated");
  return parts.join(", ");
}
