// Which jobs a list shows, in which order.
import type { JobStatus } from "../generated/graphql";
import type { Extent, Job } from "../live/jobStore";

/**
 * Newest first. A known job older than the loaded pages is left out until its page is loaded, or the list would show a
 * gap as if nothing had been there.
 */
export function listJobs(jobs: readonly Job[], statuses: readonly JobStatus[], extent: Extent | undefined): Job[] {
  const hidden = extent?.endCursor === null ? undefined : extent?.oldestSubmittedAt;
  return jobs
    .filter((job) => statuses.includes(job.status) && (hidden === undefined || job.submittedAt >= hidden))
    .sort(newestFirst);
}

function newestFirst(a: Job, b: Job): number {
  if (a.submittedAt !== b.submittedAt) return a.submittedAt < b.submittedAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}
