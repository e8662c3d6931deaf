// What a job says about itself in few words.
import type { Job } from "../live/jobStore";
import { plural, shortGpuType, UNKNOWN } from "../ui/format";

/** Why it waits: the first blocker, and how many more there are. */
export function whyItWaits(job: Pick<Job, "pending">): string {
  const [first, ...others] = job.pending?.blockers ?? [];
  if (first === undefined) return "";
  return others.length === 0 ? first.message : `${first.message} +${others.length} more`;
}

/** "4 GPUs", "2 × A100 ≥ 80 GB", "25 % of one A100". */
export function gpuWish({ requirements }: Pick<Job, "requirements">): string {
  const { count, milli, gpuTypes, minMemoryGb } = requirements;
  const type = gpuTypes.map(shortGpuType).join(" or ");
  const memory = minMemoryGb === null ? "" : ` ≥ ${minMemoryGb} GB`;
  if (milli < 1000) return `${milli / 10} % of one ${type === "" ? "GPU" : type}${memory}`;
  return `${type === "" ? plural(count, "GPU") : `${count} × ${type}`}${memory}`;
}

/** host:index for each GPU, with one host's indices together: gpu-a01:0,1,2. */
export function gpuPlaces({ gpus }: Pick<Job, "gpus">): string {
  const byHost = new Map<string, number[]>();
  for (const gpu of gpus) byHost.set(gpu.host.name, [...(byHost.get(gpu.host.name) ?? []), gpu.index]);
  return [...byHost].map(([host, indices]) => `${host}:${indices.sort((a, b) => a - b).join(",")}`).join(" ");
}

/** Where it runs or ran, why it waits, or why it did not end well: the one thing to know about it in a list. */
export function jobNews(job: Job): string {
  if (job.pending !== null) return whyItWaits(job);
  if (job.status === "FAILED" || job.status === "TIMED_OUT") return job.statusReason ?? ending(job);
  return gpuPlaces(job) || job.statusReason || UNKNOWN;
}

/** A loan is GPUs lent without a command. */
export function isLoan(job: Pick<Job, "command">): boolean {
  return job.command === null;
}

/** Somebody holds it back, beside whatever else it waits for. */
export function isHeldBack(job: Pick<Job, "pending">): boolean {
  return job.pending?.blockers.some(({ code }) => code === "HELD") ?? false;
}

/** The scheduler has not looked at it: it soon will, and tells nobody. */
export function isUnlooked(job: Pick<Job, "pending">): boolean {
  return job.pending?.blockers.some(({ code }) => code === "NOT_YET_EVALUATED") ?? false;
}

/** It has failed, and rests before it is tried again. */
export function isResting(job: Pick<Job, "pending">): boolean {
  return job.pending?.blockers.some(({ code }) => code === "RETRY_PAUSE") ?? false;
}

/** One sentence for the head of the job's page. */
export function jobSentence(job: Job): string {
  const gpus = plural(job.requirements.count, "GPU");
  const place = gpuPlaces(job);
  switch (job.status) {
    case "QUEUED":
      return `Waits for ${gpus}.`;
    case "HELD":
      return "Held: it does not start until it is released or its dependencies have ended.";
    case "ALLOCATED":
      return `Has ${gpus} on ${place}; the host is about to start it.`;
    case "RUNNING":
      return isLoan(job) ? `Holds ${gpus} on ${place} as a loan, until released.` : `Runs with ${gpus} on ${place}.`;
    case "STOPPING":
      return "Was asked to stop; its GPUs stay its own until its processes are gone.";
    case "SUCCEEDED":
      return isLoan(job) ? "The loan was given back." : "Ended well.";
    default:
      return job.statusReason ?? ending(job);
  }
}

function ending(job: Job): string {
  if (job.status === "CANCELLED") return "Was cancelled.";
  if (job.status === "TIMED_OUT") return "Reached its time limit.";
  return job.exitCode === null ? "Failed." : `Failed with exit code ${job.exitCode}.`;
}
