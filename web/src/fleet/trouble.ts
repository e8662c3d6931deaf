// What is broken or held for nothing, worst first: one line for each host that is down, and for GPUs of one host with the same
// trouble for the same reason.
import type { Gpu, Host } from "../live/fleetStore";
import { groupBy } from "../ui/groupBy";
import type { Presentation } from "../ui/presentation";
import { holder } from "./gpuNow";
import { GPU_STATES, type GpuState, presentGpu, presentHost } from "./gpuState";
import type { HostGroup } from "./hostGroups";

export interface Trouble {
  readonly key: string;
  readonly presentation: Presentation;
  readonly host: Host;
  /** None: the whole host. */
  readonly gpus: readonly Gpu[];
  /** Why, or who holds it. */
  readonly text: string;
}

const TROUBLED: ReadonlySet<GpuState> = new Set(["failed", "quarantined", "heldIdle", "degraded"]);

export function troubles(groups: readonly HostGroup[], stateOf: (gpuId: string) => GpuState): Trouble[] {
  const down = groups.filter(({ host }) => host.status === "DOWN").map(({ host }) => wholeHost(host));
  const gpus = groups.filter(({ host }) => host.status !== "DOWN").flatMap(({ host, gpus: all }) => ofHost(host, all, stateOf));
  return [...down, ...gpus.sort((a, b) => a.rank - b.rank).map(({ trouble }) => trouble)];
}

function wholeHost(host: Host): Trouble {
  return { key: host.id, presentation: presentHost(host.status), host, gpus: [], text: host.statusReason ?? "its agent is silent" };
}

function ofHost(host: Host, gpus: readonly Gpu[], stateOf: (gpuId: string) => GpuState) {
  const troubled = gpus.map((gpu) => ({ gpu, state: stateOf(gpu.id) })).filter(({ state }) => TROUBLED.has(state));
  const alike = groupBy(troubled, ({ gpu, state }) => `${state} ${reason(gpu, state)}`);
  return [...alike].flatMap(([key, same]) => {
    const [first] = same;
    if (first === undefined) return [];
    const { gpu, state } = first;
    const trouble: Trouble = { key: `${host.id} ${key}`, presentation: presentGpu(state), host, gpus: same.map((one) => one.gpu), text: reason(gpu, state) };
    return [{ rank: GPU_STATES.indexOf(state), trouble }];
  });
}

function reason(gpu: Gpu, state: GpuState): string {
  return (state === "heldIdle" ? holder(gpu) : undefined) ?? gpu.statusReason ?? "";
}

/** gpu-a01:0,1,2 */
export function troubleName({ host, gpus }: Trouble): string {
  return gpus.length === 0 ? host.name : `${host.name}:${gpus.map(({ index }) => index).join(",")}`;
}
