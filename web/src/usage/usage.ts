// GPU-hours that were held, and how many of them were used, as they are told and as they are saved. Days are those of UTC, as
// the server counts them. What the cards did not tell of is not known: it is neither used nor idle.
import type { UsageDimension } from "../generated/graphql";

export const DIMENSIONS = ["organization", "user", "model", "gpu"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export const DIMENSION_NAMES: Readonly<Record<Dimension, string>> = { organization: "Organization", user: "User", model: "Model type", gpu: "GPU type" };

const ASKED: Readonly<Record<Dimension, UsageDimension>> = { organization: "ORGANIZATION", user: "USER", model: "MODEL_TYPE", gpu: "GPU_TYPE" };

export function asked(dimension: Dimension): UsageDimension {
  return ASKED[dimension];
}

export interface Seconds {
  readonly allocatedGpuSeconds: number;
  readonly observedGpuSeconds: number;
  readonly usedGpuSeconds: number;
}

/** In GPU-hours. */
export interface Amounts {
  readonly held: number;
  readonly used: number;
  /** Held and told of, and no kernel ran. */
  readonly idle: number;
  /** Held, and nothing was told of it. */
  readonly unknown: number;
}

const SECONDS_PER_HOUR = 3600;

export function amounts({ allocatedGpuSeconds, observedGpuSeconds, usedGpuSeconds }: Seconds): Amounts {
  const hours = (seconds: number): number => Math.max(0, seconds) / SECONDS_PER_HOUR;
  return {
    held: hours(allocatedGpuSeconds),
    used: hours(usedGpuSeconds),
    idle: hours(observedGpuSeconds - usedGpuSeconds),
    unknown: hours(allocatedGpuSeconds - observedGpuSeconds),
  };
}

/** Part of what was told of that was used, from 0 to 1; undefined: nothing was told of. */
export function usedPart({ used, idle }: Amounts): number | undefined {
  return used + idle === 0 ? undefined : used / (used + idle);
}

export interface Group {
  readonly user: string | null;
  readonly modelType: string | null;
  readonly gpuType: string | null;
  readonly organization: { readonly slug: string; readonly name: string } | null;
}

export function nameOf(group: Group, dimension: Dimension): string {
  const names: Readonly<Record<Dimension, string | null>> = { organization: group.organization?.name ?? null, user: group.user, model: group.modelType, gpu: group.gpuType };
  const name = names[dimension] ?? "";
  return name === "" ? "none named" : name;
}

/** Where the last so many days begin: at the midnight of UTC before the first of them. */
export function sinceDays(count: number, now: Date): string {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1 - count)).toISOString();
}

export interface DayOfUse {
  /** 2030-01-31 */
  readonly day: string;
  readonly amounts: Amounts;
}

/** Every day up to today, the newest first; days on which nothing was held are told as such. */
export function everyDay(rows: readonly (Seconds & { readonly day: string | null })[], count: number, now: Date): DayOfUse[] {
  const known = new Map(rows.map((row) => [dayName(row.day ?? ""), amounts(row)]));
  return Array.from({ length: count }, (_, ago) => {
    const day = dayName(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - ago)).toISOString());
    return { day, amounts: known.get(day) ?? { held: 0, used: 0, idle: 0, unknown: 0 } };
  });
}

function dayName(instant: string): string {
  return instant.slice(0, 10);
}

type FileRow = Seconds & Group & { readonly jobs: number; readonly day: string | null };

/** One line for each group and day. */
export function toCsv(rows: readonly FileRow[], dimension: Dimension): string {
  const lines = rows.map((row) => {
    const { held, used, idle, unknown } = amounts(row);
    const name = dimension === "organization" ? (row.organization?.slug ?? "") : nameOf(row, dimension);
    return [dayName(row.day ?? ""), quotedCell(name), row.jobs, ...[held, used, idle, unknown].map((hours) => hours.toFixed(4))].join(",");
  });
  return [`day_utc,${dimension},jobs,gpu_hours_held,gpu_hours_used,gpu_hours_idle,gpu_hours_unknown`, ...lines].join("\n") + "\n";
}

/** A spreadsheet takes what begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function quotedCell(text: string): string {
  const plain = FORMULA.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
