// Reads a field that its document does not ask for.
import { FollowJobsDocument } from "../generated/graphql.ts";
import type { Connection } from "../program/connection.ts";

export async function names(connection: Connection): Promise<readonly string[]> {
  const seen: string[] = [];
  for await (const { jobUpdates } of connection.subscribe(FollowJobsDocument, {})) seen.push(jobUpdates.job.name);
  return seen;
}
