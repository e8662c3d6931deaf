// Which of the known jobs a list shows, in which order, and what stays where it is while somebody points at it.
import type { JobFilter, JobOrder } from "../generated/graphql";
import type { Extent, Job } from "../live/jobStore";
import { passes } from "./jobView";

export interface JobQuery {
  readonly filter: JobFilter;
  readonly order: JobOrder;
}

/**
 * A known job beyond the loaded pages is left out until its page is loaded, or the list would show a gap as if nothing
 * had been there.
 */
export function listJobs(jobs: readonly Job[], { filter, order }: JobQuery, extent: Extent | undefined): Job[] {
  const compare = comparison(order);
  const boundary = extent === undefined || extent.endCursor === null ? undefined : extent.last;
  return jobs.filter((job) => passes(job, filter) && (boundary === undefined || compare(job, boundary) <= 0)).sort(compare);
}

type Key = (job: Job) => number | string;

const KEYS: Readonly<Record<JobOrder["field"], Key>> = {
  SUBMITTED_AT: (job) => job.submittedAt,
  UPDATED_AT: (job) => job.updatedAt,
  PRIORITY: (job) => job.priority,
};

/** Those of equal rank stand by id, in the same direction, as on the server. */
function comparison({ field, direction }: JobOrder): (a: Job, b: Job) => number {
  const key = KEYS[field];
  const sign = direction === "ASC" ? 1 : -1;
  return (a, b) => sign * (ordered(key(a), key(b)) || ordered(a.id, b.id));
}

function ordered(a: number | string, b: number | string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

export interface HeldOrder {
  readonly keys: readonly string[];
  /** New rows that wait to be let in. */
  readonly waiting: number;
}

/**
 * While somebody points at the list no row moves: what is new in its midst waits, what comes behind its end is appended,
 * and what has left stays until the pointer does.
 */
export function holdOrder(shown: readonly string[], fresh: readonly string[]): HeldOrder {
  const known = new Set(shown);
  let end = fresh.length;
  while (end > 0 && !known.has(fresh[end - 1] ?? "")) end -= 1;
  if (end === 0) return { keys: fresh, waiting: 0 };
  return {
    keys: end === fresh.length ? shown : [...shown, ...fresh.slice(end)],
    waiting: fresh.slice(0, end).filter((key) => !known.has(key)).length,
  };
}
