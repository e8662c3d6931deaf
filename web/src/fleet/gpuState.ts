// What a GPU is doing, in one state: the book's status, corrected by what the card itself says.
import type { GpuHealth, GpuStatus, GpuUse, HostStatus } from "../generated/graphql";
import { UNKNOWN } from "../ui/format";
import type { Presentation } from "../ui/presentation";

/** Trouble first: the order of the legend. */
export const GPU_STATES = ["failed", "quarantined", "heldIdle", "degraded", "unavailable", "allocated", "working", "free"] as const;
export type GpuState = (typeof GPU_STATES)[number];

const PRESENTATIONS: Readonly<Record<GpuState, Presentation>> = {
  failed: { family: "bad", shape: "cross", word: "Failed" },
  quarantined: { family: "bad", shape: "cross", word: "Quarantined" },
  heldIdle: { family: "wait", shape: "thickRing", word: "Held idle" },
  degraded: { family: "wait", shape: "diagonal", word: "Degraded" },
  unavailable: { family: "idle", shape: "dashedRing", word: "Unavailable" },
  allocated: { family: "run", shape: "ring", word: "Allocated" },
  working: { family: "run", shape: "triangle", word: "Working" },
  free: { family: "idle", shape: "thinRing", word: "Free" },
};

export interface GpuFacts {
  readonly status: GpuStatus;
  readonly health: GpuHealth;
  readonly use: GpuUse | null;
}

export function gpuState({ status, health, use }: GpuFacts): GpuState {
  if (health === "FAILED") return "failed";
  if (status === "QUARANTINED") return "quarantined";
  if (status === "UNAVAILABLE") return "unavailable";
  if (status === "ALLOCATED") {
    if (use === "HELD_IDLE" || use === "HELD_EMPTY") return "heldIdle";
    return use === "WORKING" ? "working" : "allocated";
  }
  return health === "DEGRADED" ? "degraded" : "free";
}

const USES: Readonly<Record<GpuUse, string>> = {
  FREE: "nothing runs on it",
  WORKING: "its job's processes use it",
  HELD_IDLE: "its job's processes hold it and do nothing",
  HELD_EMPTY: "held, and no process of its job is on it",
  ORPHANED: "a process of a job that has ended is still on it",
  FOREIGN: "a process that is nobody's here is on it",
};

export function sayUse(use: GpuUse | null): string {
  return use === null ? UNKNOWN : USES[use];
}

export function presentGpu(state: GpuState): Presentation {
  return PRESENTATIONS[state];
}

const HOSTS: Readonly<Record<HostStatus, Presentation>> = {
  READY: { family: "good", shape: "tick", word: "Ready" },
  DRAINING: { family: "wait", shape: "diagonal", word: "Draining" },
  DRAINED: { family: "idle", shape: "dashedRing", word: "Drained" },
  DOWN: { family: "bad", shape: "cross", word: "Down" },
};

export function presentHost(status: HostStatus): Presentation {
  return HOSTS[status];
}
