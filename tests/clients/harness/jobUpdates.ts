// The subscription that most clients live by.
export const JOB_UPDATES = `subscription JobUpdates($after: String) {
  jobUpdates(after: $after) { cursor job { id status } }
}`;

export interface JobUpdate {
  readonly cursor: string;
  readonly job: { readonly id: string; readonly status: string };
}

export interface JobUpdates {
  readonly jobUpdates: JobUpdate;
}

/** What a job passes that starts at once and does well. */
export const LIFE = ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"];

interface Result {
  readonly data?: JobUpdates | null | undefined;
  readonly errors?: unknown;
}

/** Reads updates up to the one in which the job has the status, and answers those of the job. */
export async function collectUntil(
  updates: AsyncIterator<Result>,
  id: string,
  status: string,
  onUpdate: (update: JobUpdate) => void = () => undefined,
): Promise<readonly JobUpdate[]> {
  const own: JobUpdate[] = [];
  while (own.at(-1)?.job.status !== status) {
    const { value, done } = await updates.next();
    if (done === true) throw new Error(`the stream ended before ${id} was ${status}`);
    const { data, errors } = value as Result;
    if (data === undefined || data === null) throw new Error(`no update but ${JSON.stringify(errors)}`);
    onUpdate(data.jobUpdates);
    if (data.jobUpdates.job.id === id) own.push(data.jobUpdates);
  }
  return own;
}
