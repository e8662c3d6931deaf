// What a suggestion changes of a waiting job, and by which means: the API edits a job's hold and its time limit, everything
// else it asks for belongs to a submission.
import type { Described } from "../edit/differences";
import type { StartSuggestionFragment, SubmitJobInput, UpdateJobInput, WishFragment } from "../generated/graphql";
import { formatDuration } from "../ui/format";
import type { Detail } from "./useJobDetail";

export type Suggestion = StartSuggestionFragment;

/** `edit`: the job stays. `replace`: it is submitted anew and this one is cancelled. `form`: a person has to type again what the server never tells. */
export type Means = "edit" | "replace" | "form";

export function meansOf(job: Pick<Detail, "envNames">, { code }: Pick<Suggestion, "code">): Means {
  if (code === "RELEASE" || code === "SHORTER_RUN") return "edit";
  return job.envNames.length === 0 ? "replace" : "form";
}

/** What is changed of a job that stays. */
export function editOf({ code, timeLimitSeconds }: Suggestion): Pick<UpdateJobInput, "hold" | "timeLimitSeconds"> {
  return code === "RELEASE" ? { hold: false } : { timeLimitSeconds };
}

export interface Wishes {
  readonly requirements: WishFragment;
  readonly timeLimitSeconds: number | null;
  readonly held: boolean;
  readonly image: string | null;
}

/** With the suggestion taken. */
export function wishesAfter(before: Wishes, { code, requirements, timeLimitSeconds }: Suggestion): Wishes {
  return { requirements, timeLimitSeconds: timeLimitSeconds ?? before.timeLimitSeconds, held: before.held && code !== "RELEASE", image: code === "WITHOUT_IMAGE" ? null : before.image };
}

export function describeWishes({ requirements, timeLimitSeconds, held, image }: Wishes): Described {
  const { count, milli, gpuTypes, minMemoryGb, singleHost, cpus, memoryGb, labels } = requirements;
  const gigabytes = (amount: number | null): string => (amount === null ? "any" : `${amount} GB`);
  return [
    ["GPUs", milli < 1000 ? `${milli / 10} % of one` : count.toString()],
    ["Type", gpuTypes.length === 0 ? "any" : gpuTypes.join(" or ")],
    ["Memory of each GPU", gigabytes(minMemoryGb)],
    ["Hosts", singleHost || count === 1 ? "one" : "several"],
    ["CPU cores", cpus === null ? "any" : cpus.toString()],
    ["Host memory", gigabytes(memoryGb)],
    ["Host labels", labels.length === 0 ? "none" : labels.map(({ key, value }) => `${key}=${value}`).join(" ")],
    ["Time limit", timeLimitSeconds === null ? "none" : formatDuration(timeLimitSeconds * 1000)],
    ["Held back", held ? "yes" : "no"],
    ["Image", image ?? "none"],
  ];
}

/** The job as it would be submitted with the suggestion: its command word for word, and nothing of its environment. */
export function replacementOf(job: Detail, suggestion: Suggestion): SubmitJobInput {
  const { count, milli, gpuTypes, minMemoryGb, singleHost, cpus, memoryGb, labels } = suggestion.requirements;
  const timeLimitSeconds = suggestion.timeLimitSeconds ?? job.timeLimitSeconds;
  return {
    name: job.name,
    modelType: job.modelType,
    command: job.command,
    workdir: job.workdir,
    image: suggestion.code === "WITHOUT_IMAGE" ? null : job.image,
    priority: job.priority,
    maxRetries: job.maxRetries,
    retryPauseSeconds: job.retryPauseSeconds,
    labels: job.labels.map(({ key, value }) => ({ key, value })),
    dependsOn: job.dependsOn.map(({ id }) => id),
    ...(timeLimitSeconds !== null && { timeLimitSeconds }),
    requirements: { count, milli, gpuTypes, minMemoryGb, singleHost, cpus, memoryGb, labels: labels.map(({ key, value }) => ({ key, value })) },
  };
}
