// Exchanges a waiting job for another one, so that never both of them run and never none of them is left: the new one is
// submitted held back, the old one is cancelled under the version that was seen, and then the new one is let go.
import type { Api } from "../api/client";
import { CancelJobDocument, SubmitJobDocument, type SubmitJobInput, UpdateJobDocument } from "../generated/graphql";
import type { Job, JobStore } from "../live/jobStore";

export interface Exchange {
  readonly old: Pick<Job, "id" | "version">;
  readonly input: SubmitJobInput;
  /** The same key again, after a lost answer, finds the same new job. */
  readonly idempotencyKey: string;
}

export async function replaceJob(api: Pick<Api, "mutate">, jobs: Pick<JobStore, "take" | "takeNew">, { old, input, idempotencyKey }: Exchange): Promise<Job> {
  const { submitJob } = await api.mutate(SubmitJobDocument, { input: { ...input, hold: true, idempotencyKey } });
  const made = submitJob.job;
  jobs.takeNew(made);
  try {
    const { cancelJob } = await api.mutate(CancelJobDocument, { input: { id: old.id, expectedVersion: old.version, reason: `replaced by ${made.id}` } });
    jobs.take(cancelJob.job);
  } catch (failure) {
    // The old one goes on, so nothing is left of the new one. If even this fails it stays held back, where people see it.
    await api.mutate(CancelJobDocument, { input: { id: made.id, reason: `${old.id} could not be cancelled` } }).then(({ cancelJob }) => jobs.take(cancelJob.job), () => undefined);
    throw failure;
  }
  const { updateJob } = await api.mutate(UpdateJobDocument, { input: { id: made.id, expectedVersion: made.version, hold: false } });
  jobs.take(updateJob.job);
  return updateJob.job;
}
