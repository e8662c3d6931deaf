// Leaves out what the schema demands.
import { SubmitJobDocument } from "../generated/graphql.ts";
import type { Connection } from "../program/connection.ts";

export async function submit(connection: Connection): Promise<string> {
  const { submitJob } = await connection.request(SubmitJobDocument, { input: { command: ["true"] } });
  return submitJob.job.id;
}
