// The same submission for a terminal and for programs. A token is never part of it: it stands in the environment.
import type { SubmitJobInput } from "../generated/graphql";

const ONE = `mutation SubmitJob($input: SubmitJobInput!) {
  submitJob(input: $input) {
    job {
      id
      status
    }
  }
}`;

const SEVERAL = `mutation SubmitJobs($input: SubmitJobsInput!) {
  submitJobs(input: $input) {
    jobs {
      id
      status
    }
  }
}`;

/** One job, or with more `times` than one an array of copies of it. */
export interface Submission {
  readonly input: SubmitJobInput;
  readonly times: number;
}

export function asGraphQL(submission: Submission): string {
  const { query, variables } = operationOf(submission);
  return `${query}\n\n# variables\n${JSON.stringify(variables, null, 2)}`;
}

export function operationOf({ input, times }: Submission) {
  return times === 1 ? { query: ONE, variables: { input } } : { query: SEVERAL, variables: { input: { jobs: [input], times } } };
}

export function asCurl(submission: Submission, origin: string): string {
  const { query, variables } = operationOf(submission);
  const body = JSON.stringify({ query: query.replaceAll(/\s+/g, " "), variables });
  return [
    `curl -sS ${origin}/graphql`,
    `  -H "authorization: Bearer $GPU_FLEET_TOKEN"`,
    "  -H 'content-type: application/json'",
    `  -d ${quoted(body)}`,
  ].join(" \\\n");
}

export function asCommand({ input, times }: Submission): string {
  const { requirements, command } = input;
  const options = [
    ["--name", input.name],
    ["--model-type", input.modelType],
    ["--gpus", requirements?.count],
    ...(requirements?.gpuTypes ?? []).map((type) => ["--gpu-type", type] as const),
    ["--min-memory", requirements?.minMemoryGb],
    ["--milli", requirements?.milli],
    ["--cpus", requirements?.cpus],
    ["--memory", requirements?.memoryGb],
    ...(requirements?.labels ?? []).map(({ key, value }) => ["--host-label", `${key}=${value}`] as const),
    ["--multi-host", requirements?.singleHost === false],
    ["--priority", input.priority],
    ["--time-limit", input.timeLimitSeconds === null || input.timeLimitSeconds === undefined ? undefined : `${input.timeLimitSeconds}s`],
    ["--max-retries", input.maxRetries],
    ["--retry-pause", input.retryPauseSeconds === null || input.retryPauseSeconds === undefined ? undefined : `${input.retryPauseSeconds}s`],
    ["--workdir", input.workdir],
    ["--image", input.image],
    ...(input.labels ?? []).map(({ key, value }) => ["--label", `${key}=${value}`] as const),
    ...(input.env ?? []).map(({ name, value }) => ["--env", `${name}=${value}`] as const),
    ["--hold", input.hold],
    ["--array", times === 1 ? undefined : times],
    ["--loan", command === null || command === undefined],
  ] as const;
  const words = options.flatMap(([option, value]) => optionWords(option, value));
  const tail = command === null || command === undefined ? [] : ["--", ...command.map(quoted)];
  return ["gpu-fleet submit", ...words, ...tail].join(" ");
}

function optionWords(option: string, value: string | number | boolean | null | undefined): string[] {
  if (value === true) return [option];
  if (value === false || value === null || value === undefined) return [];
  // A value that begins with a dash would be taken for an option.
  const text = quoted(value.toString());
  return text.startsWith("-") ? [`${option}=${text}`] : [option, text];
}

/** For a shell: as it is where nothing in it means anything else, else in single quotes. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
