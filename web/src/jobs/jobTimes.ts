// A job's life as steps with the time each took. What has not ended yet is measured against the present.
import type { Job } from "../live/jobStore";
import { formatDuration } from "../ui/format";
import { isFinished, isWaiting } from "./jobStatus";

export type Times = Pick<Job, "status" | "submittedAt" | "allocatedAt" | "startedAt" | "finishedAt">;

export interface Span {
  readonly from: number;
  /** Undefined while it goes on. */
  readonly until: number | undefined;
}

export type StepKind = "waited" | "starting" | "ran";

export interface Step extends Span {
  readonly kind: StepKind;
}

/** The one span a table shows: the wait of a job without GPUs, otherwise the time since it got them. */
export function mainSpan(job: Times): { readonly word: "waits" | "waited" | "runs" | "ran"; readonly span: Span } {
  const submitted = Date.parse(job.submittedAt);
  const finished = instant(job.finishedAt);
  const began = instant(job.startedAt) ?? instant(job.allocatedAt);
  if (isWaiting(job.status)) return { word: "waits", span: { from: submitted, until: undefined } };
  if (began === undefined) return { word: "waited", span: { from: submitted, until: finished ?? submitted } };
  return { word: isFinished(job.status) ? "ran" : "runs", span: { from: began, until: finished } };
}

export function steps(job: Times): Step[] {
  const finished = instant(job.finishedAt);
  const allocated = instant(job.allocatedAt);
  const started = instant(job.startedAt);
  const result: Step[] = [{ kind: "waited", from: Date.parse(job.submittedAt), until: allocated ?? finished }];
  if (allocated !== undefined) result.push({ kind: "starting", from: allocated, until: started ?? finished });
  if (started !== undefined) result.push({ kind: "ran", from: started, until: finished });
  return result;
}

export function spanMs(span: Span, now: number): number {
  return Math.max(0, (span.until ?? now) - span.from);
}

function instant(text: string | null): number | undefined {
  return text === null ? undefined : Date.parse(text);
}

/** Until its limit ends it; empty for a job without one and for one that does not run. */
export function timeLeft(job: Pick<Job, "status" | "startedAt" | "timeLimitSeconds">, now: number): string {
  if (job.status !== "RUNNING" || job.startedAt === null || job.timeLimitSeconds === null) return "";
  return `${formatDuration(Date.parse(job.startedAt) + job.timeLimitSeconds * 1000 - now)} left`;
}
