// The status filter as it stands in the URL: ?state=QUEUED,RUNNING. None of them, or only unknown words, means all.
import type { JobStatus } from "../generated/graphql";
import { ALL_STATUSES } from "./jobStatus";

export function parseStatusFilter(search: string): JobStatus[] {
  const words = (new URLSearchParams(search).get("state") ?? "").toUpperCase().split(",");
  return ALL_STATUSES.filter((status) => words.includes(status));
}

export function withStatusFilter(search: string, statuses: readonly JobStatus[]): string {
  const parameters = new URLSearchParams(search);
  const chosen = ALL_STATUSES.filter((status) => statuses.includes(status));
  if (chosen.length === 0 || chosen.length === ALL_STATUSES.length) parameters.delete("state");
  else parameters.set("state", chosen.join(","));
  // Commas need no escape in a query, and a link with plain commas can be read and typed.
  return parameters.toString().replaceAll("%2C", ",");
}

export function toggled(statuses: readonly JobStatus[], status: JobStatus): JobStatus[] {
  const without = statuses.filter((other) => other !== status);
  return without.length === statuses.length ? [...statuses, status] : without;
}
