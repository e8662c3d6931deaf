// Valid GPUs and hosts for tests; each test names only what it is about.
import type { Gpu, Host } from "../live/fleetStore";

export function aGpu(fields: Partial<Gpu> = {}): Gpu {
  return {
    id: "gpu-1",
    version: 1,
    uuid: "GPU-1",
    index: 0,
    gpuType: "NVIDIA A100-SXM4-80GB",
    memoryMib: 81_920,
    simulated: false,
    status: "AVAILABLE",
    statusReason: null,
    health: "HEALTHY",
    allocatedMilli: 0,
    hostId: "host-1",
    allocations: [],
    ...fields,
  };
}

export function aHost(fields: Partial<Host> = {}): Host {
  return { id: "host-1", version: 1, name: "gpu-1", status: "READY", statusReason: null, lastHeartbeatAt: null, organization: null, ...fields };
}
