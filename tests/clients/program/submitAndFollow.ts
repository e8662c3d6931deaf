// A program as somebody would write it who has schema.graphql and a code generator: it submits a job, follows it to its end,
// and prints its log. Nothing about the API is typed by hand.
import { graphql } from "../generated/gql.ts";
import type { JobStatus, SubmitJobInput } from "../generated/graphql.ts";
import type { Connection } from "./connection.ts";

const SUBMIT = graphql(`
  mutation SubmitJob($input: SubmitJobInput!) {
    submitJob(input: $input) {
      job {
        id
        events(first: 1) {
          edges {
            cursor
          }
        }
      }
    }
  }
`);

const FOLLOW = graphql(`
  subscription FollowJobs($after: String) {
    jobUpdates(after: $after) {
      job {
        id
        status
        exitCode
      }
    }
  }
`);

/** From the first line on; it completes when the job has ended and all of its log was sent. */
const LOG = graphql(`
  subscription JobLog($jobId: ID!) {
    jobLogs(jobId: $jobId) {
      stream
      text
    }
  }
`);

// Each status has its line, so that one which the schema gains is not forgotten here.
const IS_END: Readonly<Record<JobStatus, boolean>> = {
  HELD: false,
  QUEUED: false,
  ALLOCATED: false,
  RUNNING: false,
  STOPPING: false,
  SUCCEEDED: true,
  FAILED: true,
  CANCELLED: true,
  TIMED_OUT: true,
};

export interface JobEnd {
  readonly status: JobStatus;
  readonly exitCode: number | null | undefined;
}

export async function submitAndFollow(
  connection: Connection,
  input: SubmitJobInput,
  print: (line: string) => void,
): Promise<JobEnd> {
  const { submitJob } = await connection.request(SUBMIT, { input });
  const { id, events } = submitJob.job;
  const end = await endOf(connection, id, events.edges[0]?.cursor);
  for await (const { jobLogs } of connection.subscribe(LOG, { jobId: id })) {
    print(jobLogs.stream === "STDERR" ? `! ${jobLogs.text}` : jobLogs.text);
  }
  return end;
}

async function endOf(connection: Connection, id: string, after: string | undefined): Promise<JobEnd> {
  for await (const { jobUpdates } of connection.subscribe(FOLLOW, { after })) {
    const { job } = jobUpdates;
    if (job.id === id && IS_END[job.status]) return { status: job.status, exitCode: job.exitCode };
  }
  throw new Error(`the stream ended before job ${id}`);
}
