// GPUs grouped by their host: hosts with trouble first, then by name; GPUs by index.
import type { Gpu, Host } from "../live/fleetStore";
import { shortGpuType } from "../ui/format";
import { groupBy } from "../ui/groupBy";

export interface HostGroup {
  readonly host: Host;
  readonly gpus: readonly Gpu[];
  readonly busy: number;
  /** "8 × A100-SXM4-80GB", with every type that the host carries. */
  readonly models: string;
}

export function groupByHost(gpus: readonly Gpu[], hosts: readonly Host[]): HostGroup[] {
  const byHost = groupBy(gpus, (gpu) => gpu.hostId);
  return hosts
    .filter((host) => byHost.has(host.id))
    .map((host) => group(host, byHost.get(host.id) ?? []))
    .sort((a, b) => Number(troubled(b)) - Number(troubled(a)) || byName.compare(a.host.name, b.host.name));
}

// Numbers inside names count as numbers: node-2 stands before node-10.
const byName = new Intl.Collator("en", { numeric: true });

function group(host: Host, gpus: readonly Gpu[]): HostGroup {
  const sorted = [...gpus].sort((a, b) => a.index - b.index);
  return { host, gpus: sorted, busy: sorted.filter((gpu) => gpu.status === "ALLOCATED").length, models: models(sorted) };
}

function models(gpus: readonly Gpu[]): string {
  const byType = groupBy(gpus, (gpu) => shortGpuType(gpu.gpuType));
  return [...byType].map(([type, same]) => `${same.length} × ${type}`).join(", ");
}

function troubled({ host, gpus }: HostGroup): boolean {
  return host.status === "DOWN" || gpus.some((gpu) => gpu.status === "QUARANTINED" || gpu.health === "FAILED");
}
