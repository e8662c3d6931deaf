// The same for many jobs, a few at a time; what one refuses is noted and stops no other.
import type { Job } from "../live/jobStore";

export interface BulkProgress {
  readonly done: number;
  readonly failures: readonly { readonly item: Job; readonly message: string }[];
}

const AT_ONCE = 4;

export async function forEachOf(
  jobs: readonly Job[],
  act: (job: Job) => Promise<void>,
  describe: (failure: unknown) => string,
  tell: (progress: BulkProgress) => void,
): Promise<void> {
  let progress: BulkProgress = { done: 0, failures: [] };
  const waiting = [...jobs];
  const finish = (failures: BulkProgress["failures"]): void => {
    progress = { done: progress.done + 1, failures: [...progress.failures, ...failures] };
    tell(progress);
  };
  tell(progress);
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const item = job;
      await act(item).then(
        () => finish([]),
        (failure: unknown) => finish([{ item, message: describe(failure) }]),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
