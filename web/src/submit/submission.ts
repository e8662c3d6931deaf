// A submission as it is typed, and as the API takes it.
import type { GpuRequirementsInput, SubmitJobInput } from "../generated/graphql";
import type { CheckedSubmission } from "./checkSubmission";

export interface SubmissionFields {
  readonly name: string;
  readonly modelType: string;
  readonly gpus: string;
  readonly gpuTypes: string;
  readonly minMemoryGb: string;
  readonly command: string;
  readonly priority: string;
  readonly timeLimitMinutes: string;
  readonly maxRetries: string;
  /** Seconds; empty: as the server has it. */
  readonly retryPause: string;
  readonly workdir: string;
  /** A container's; empty: what is installed on the host. */
  readonly image: string;
  /** key=value, one a line. */
  readonly labels: string;
  /** NAME=value, one a line. */
  readonly env: string;
  /** Percent of one GPU; empty: whole ones. */
  readonly share: string;
  readonly cpus: string;
  readonly memoryGb: string;
  /** key=value, one a line. */
  readonly hostLabels: string;
  /** "yes": its GPUs may be on several hosts. */
  readonly spread: string;
  /** "yes": it waits until somebody lets it go. */
  readonly hold: string;
  /** How often it is submitted, as an array of jobs. */
  readonly times: string;
}

export type FieldName = keyof SubmissionFields;

export const EMPTY_SUBMISSION: SubmissionFields = {
  name: "",
  modelType: "",
  gpus: "1",
  gpuTypes: "",
  minMemoryGb: "",
  command: "",
  priority: "0",
  timeLimitMinutes: "",
  maxRetries: "0",
  retryPause: "",
  workdir: "",
  image: "",
  labels: "",
  env: "",
  share: "",
  cpus: "",
  memoryGb: "",
  hostLabels: "",
  spread: "",
  hold: "",
  times: "1",
};

const SECONDS_PER_MINUTE = 60;
const WHOLE_GPU_MILLI = 1000;

/** What is not asked for is left out, so that the server's own defaults hold and what is copied stays short. */
export function toInput(checked: CheckedSubmission): SubmitJobInput {
  const { name, modelType, command, priority, timeLimitMinutes, maxRetries, retryPause, workdir, image, labels, env, hold } = checked;
  return {
    name,
    ...(modelType !== "" && { modelType }),
    requirements: requirementsOf(checked),
    ...(command !== "" && { command: shellCommand(command) }),
    ...(priority !== 0 && { priority }),
    ...(timeLimitMinutes !== null && { timeLimitSeconds: Math.round(timeLimitMinutes * SECONDS_PER_MINUTE) }),
    ...(maxRetries > 0 && { maxRetries, ...(retryPause !== null && { retryPauseSeconds: retryPause }) }),
    ...(workdir !== "" && { workdir }),
    ...(image !== "" && { image }),
    ...(labels.length > 0 && { labels }),
    ...(env.length > 0 && { env: env.map(({ key, value }) => ({ name: key, value })) }),
    ...(hold && { hold }),
  };
}

function requirementsOf({ gpus, gpuTypes, minMemoryGb, share, cpus, memoryGb, hostLabels, spread }: CheckedSubmission): GpuRequirementsInput {
  return {
    count: gpus,
    ...(gpuTypes.length > 0 && { gpuTypes }),
    ...(minMemoryGb !== null && { minMemoryGb }),
    ...(share !== null && share < 100 && { milli: Math.round((share / 100) * WHOLE_GPU_MILLI) }),
    ...(cpus !== null && { cpus }),
    ...(memoryGb !== null && { memoryGb }),
    ...(hostLabels.length > 0 && { labels: hostLabels }),
    ...(spread && { singleHost: false }),
  };
}

/** A line for a shell, so that pipes, quotes and variables mean what they do in a terminal. */
export function shellCommand(line: string): string[] {
  return ["/bin/sh", "-c", line];
}

export function typeList(text: string): string[] {
  return text.split(",").map((type) => type.trim()).filter((type) => type !== "");
}

export function numberOrNull(text: string): number | null {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

const FIELDS_BY_PATH: ReadonlyArray<readonly [string, FieldName]> = [
  ["name", "name"],
  ["modelType", "modelType"],
  ["requirements.count", "gpus"],
  ["requirements.gpuTypes", "gpuTypes"],
  ["requirements.minMemoryGb", "minMemoryGb"],
  ["requirements.milli", "share"],
  ["requirements.cpus", "cpus"],
  ["requirements.memoryGb", "memoryGb"],
  ["requirements.labels", "hostLabels"],
  ["command", "command"],
  ["priority", "priority"],
  ["timeLimitSeconds", "timeLimitMinutes"],
  ["maxRetries", "maxRetries"],
  ["retryPauseSeconds", "retryPause"],
  ["workdir", "workdir"],
  ["image", "image"],
  ["labels", "labels"],
  ["env", "env"],
  ["times", "times"],
];

/** The field that a path such as `input.requirements.gpuTypes[2]` or `input.jobs[0].name` speaks of; undefined when the form has none. */
export function fieldOfPath(path: string | undefined): FieldName | undefined {
  if (path === undefined) return undefined;
  const plain = path.replace(/^(input\.)?(jobs\[0\]\.)?/, "").replaceAll(/\[(\d+)\]/g, ".$1");
  return FIELDS_BY_PATH.find(([known]) => plain === known || plain.startsWith(`${known}.`))?.[1];
}
