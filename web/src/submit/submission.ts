// From the form's fields to the API's input, and from the API's complaint back to a field.
import type { SubmitJobInput } from "../generated/graphql";

export interface SubmissionFields {
  readonly name: string;
  readonly modelType: string;
  readonly gpus: string;
  readonly gpuTypes: string;
  readonly minMemoryGb: string;
  readonly command: string;
  readonly priority: string;
  readonly timeLimitMinutes: string;
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
};

const SECONDS_PER_MINUTE = 60;

export function toInput(fields: SubmissionFields, idempotencyKey: string): SubmitJobInput {
  const command = fields.command.trim();
  return {
    name: fields.name.trim(),
    modelType: textOrNull(fields.modelType),
    requirements: {
      count: wholeOr(fields.gpus, 1),
      gpuTypes: typeList(fields.gpuTypes),
      minMemoryGb: numberOrNull(fields.minMemoryGb),
    },
    command: command === "" ? null : shellCommand(command),
    priority: wholeOr(fields.priority, 0),
    timeLimitSeconds: timeLimit(fields.timeLimitMinutes),
    idempotencyKey,
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
  ["command", "command"],
  ["priority", "priority"],
  ["timeLimitSeconds", "timeLimitMinutes"],
];

/** The field that a path such as `input.requirements.gpuTypes[2]` speaks of; undefined when the form has none. */
export function fieldOfPath(path: string | undefined): FieldName | undefined {
  if (path === undefined) return undefined;
  const plain = path.replace(/^input\./, "").replaceAll(/\[(\d+)\]/g, ".$1");
  return FIELDS_BY_PATH.find(([known]) => plain === known || plain.startsWith(`${known}.`))?.[1];
}

function textOrNull(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}

function wholeOr(text: string, otherwise: number): number {
  return numberOrNull(text) ?? otherwise;
}

function timeLimit(minutes: string): number | null {
  const value = numberOrNull(minutes);
  return value === null ? null : Math.round(value * SECONDS_PER_MINUTE);
}
