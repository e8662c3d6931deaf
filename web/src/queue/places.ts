import type { Job } from "../live/jobStore";

/** By their place in the queue; a job that the scheduler has not looked at yet comes last. */
export function inTheirPlaces(jobs: readonly Job[]): Job[] {
  const place = (job: Job): number => job.pending?.position ?? Number.MAX_SAFE_INTEGER;
  return [...jobs].sort((a, b) => place(a) - place(b) || a.submittedAt.localeCompare(b.submittedAt));
}
