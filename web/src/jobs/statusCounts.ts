// Jobs per status, moved by the changes themselves. A change of a job that was never seen cannot be counted: the
// counts stay as they are until they are asked for again.
import type { ChangeKind, JobCountsQuery, JobStatus } from "../generated/graphql";

export type StatusCounts = Readonly<Record<JobStatus, number>>;

export interface StatusChange {
  readonly kind: ChangeKind;
  readonly before: JobStatus | undefined;
  readonly after: JobStatus;
}

export function countChange(counts: StatusCounts, { kind, before, after }: StatusChange): StatusCounts {
  if (before === after || (before === undefined && kind !== "CREATED")) return counts;
  const next = { ...counts, [after]: counts[after] + 1 };
  if (before !== undefined) next[before] = Math.max(0, counts[before] - 1);
  return next;
}

export function statusCounts(answer: JobCountsQuery): StatusCounts {
  return {
    QUEUED: answer.queued.totalCount,
    HELD: answer.held.totalCount,
    ALLOCATED: answer.allocated.totalCount,
    RUNNING: answer.running.totalCount,
    STOPPING: answer.stopping.totalCount,
    SUCCEEDED: answer.succeeded.totalCount,
    FAILED: answer.failed.totalCount,
    CANCELLED: answer.cancelled.totalCount,
    TIMED_OUT: answer.timedOut.totalCount,
  };
}
