// Compares with a status that no job can have.
import type { JobStatus } from "../generated/graphql.ts";

export function isLost(status: JobStatus): boolean {
  return status === "LOST";
}
