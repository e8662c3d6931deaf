// Job statuses: how they look, and which of them are final.
import type { JobStatus } from "../generated/graphql";
import type { Presentation } from "../ui/presentation";

const PRESENTATIONS: Readonly<Record<JobStatus, Presentation>> = {
  QUEUED: { family: "wait", shape: "clock", word: "Queued" },
  HELD: { family: "wait", shape: "pause", word: "Held" },
  ALLOCATED: { family: "run", shape: "ring", word: "Allocated" },
  RUNNING: { family: "run", shape: "triangle", word: "Running" },
  STOPPING: { family: "wait", shape: "diagonal", word: "Stopping" },
  SUCCEEDED: { family: "good", shape: "tick", word: "Succeeded" },
  FAILED: { family: "bad", shape: "cross", word: "Failed" },
  CANCELLED: { family: "idle", shape: "thinRing", word: "Cancelled" },
  TIMED_OUT: { family: "bad", shape: "cross", word: "Timed out" },
};

/** The order of a job's life, which is also the order of every list of statuses. */
export const ALL_STATUSES: readonly JobStatus[] = [
  "QUEUED",
  "HELD",
  "ALLOCATED",
  "RUNNING",
  "STOPPING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "TIMED_OUT",
];

const FINISHED: ReadonlySet<JobStatus> = new Set(["SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT"]);
const WAITING: ReadonlySet<JobStatus> = new Set(["QUEUED", "HELD"]);

export const ACTIVE_STATUSES = ALL_STATUSES.filter((status) => !FINISHED.has(status));
export const FINISHED_STATUSES = ALL_STATUSES.filter((status) => FINISHED.has(status));

export function presentJob(status: JobStatus): Presentation {
  return PRESENTATIONS[status];
}

/** Final: nothing changes any more. */
export function isFinished(status: JobStatus): boolean {
  return FINISHED.has(status);
}

/** Has no GPUs yet. */
export function isWaiting(status: JobStatus): boolean {
  return WAITING.has(status);
}

export function isCancellable(status: JobStatus): boolean {
  return !FINISHED.has(status) && status !== "STOPPING";
}
