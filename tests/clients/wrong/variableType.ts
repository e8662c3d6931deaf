// Gives a variable a value of another type.
import { SubmitJobDocument } from "../generated/graphql.ts";
import type { Connection } from "../program/connection.ts";

export async function submit(connection: Connection): Promise<string> {
  const { submitJob } = await connection.request(SubmitJobDocument, { input: { name: "wrong", priority: "high" } });
  return submitJob.job.id;
}
