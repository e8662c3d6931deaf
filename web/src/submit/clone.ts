// A job's submission as it would be typed again, to change it. Values of its environment are never told by the server, so
// their names alone come along.
import type { WishFragment } from "../generated/graphql";
import type { Detail } from "../jobs/useJobDetail";
import { quoted } from "./snippets";
import { EMPTY_SUBMISSION, type SubmissionFields } from "./submission";

export function fieldsOf(job: Detail): SubmissionFields {
  return {
    ...EMPTY_SUBMISSION,
    ...wishFields(job),
    name: job.name,
    modelType: job.modelType ?? "",
    command: lineOf(job.command ?? []),
    priority: job.priority.toString(),
    maxRetries: job.maxRetries.toString(),
    retryPause: job.maxRetries === 0 ? "" : job.retryPauseSeconds.toString(),
    workdir: job.workdir ?? "",
    image: job.image ?? "",
    labels: lines(job.labels),
    env: job.envNames.map((name) => `${name}=`).join("\n"),
  };
}

/** What is asked of the fleet, and for how long. Without a time limit the field is left out. */
export function wishFields({ requirements, timeLimitSeconds }: { readonly requirements: WishFragment; readonly timeLimitSeconds: number | null }): Partial<SubmissionFields> {
  const text = (value: number | null): string => (value === null ? "" : value.toString());
  return {
    gpus: requirements.count.toString(),
    gpuTypes: requirements.gpuTypes.join(", "),
    minMemoryGb: text(requirements.minMemoryGb),
    ...(timeLimitSeconds !== null && { timeLimitMinutes: (timeLimitSeconds / 60).toString() }),
    share: requirements.milli < 1000 ? (requirements.milli / 10).toString() : "",
    cpus: text(requirements.cpus),
    memoryGb: text(requirements.memoryGb),
    hostLabels: lines(requirements.labels),
    spread: requirements.count > 1 && !requirements.singleHost ? "yes" : "",
  };
}

function lines(labels: readonly { readonly key: string; readonly value: string }[]): string {
  return labels.map(({ key, value }) => `${key}=${value}`).join("\n");
}

/** What a shell was given is its line; any other command is written as one would type it. */
function lineOf(command: readonly string[]): string {
  const [program, flag, line] = command;
  return program === "/bin/sh" && flag === "-c" && command.length === 3 && line !== undefined ? line : command.map(quoted).join(" ");
}
