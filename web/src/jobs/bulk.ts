// The same for many jobs: for chosen ones each by itself, a few at a time; for all that pass a filter by the server, some at
// each request. What one job refuses is noted and stops no other.
import { asApiError } from "../api/errors";

export interface Target {
  readonly id: string;
  readonly name: string;
}

export interface BulkProgress {
  readonly done: number;
  readonly refused: number;
  /** Why, of the first of those that were refused. */
  readonly refusals: readonly string[];
}

export interface Control {
  readonly tell: (progress: BulkProgress) => void;
  /** Asked before each request. */
  readonly stopped: () => boolean;
  readonly wait?: (milliseconds: number) => Promise<void>;
}

const NOTHING_YET: BulkProgress = { done: 0, refused: 0, refusals: [] };
const AT_ONCE = 4;
const MOST_TRIES = 8;
export const MOST_REFUSALS = 50;

export async function changeEach(targets: readonly Target[], act: (target: Target) => Promise<void>, { tell, stopped, wait = sleep }: Control): Promise<void> {
  let progress = NOTHING_YET;
  const waiting = [...targets];
  const finish = (refusal?: string): void => {
    progress = added(progress, { done: 1, refused: refusal === undefined ? 0 : 1, refusal });
    tell(progress);
  };
  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined && !stopped(); target = waiting.shift()) {
      const { name } = target;
      await patiently(act.bind(undefined, target), wait).then(
        () => finish(),
        (failure: unknown) => finish(`${name}: ${asApiError(failure).message}`),
      );
    }
  };
  tell(progress);
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** What one request for all that pass a filter has changed. */
export interface Changed {
  readonly jobs: readonly unknown[];
  readonly refused: number;
  readonly firstRefusal: string | null;
  readonly hasMore: boolean;
}

export async function changeMatching(ask: () => Promise<Changed>, { tell, stopped, wait = sleep }: Control): Promise<void> {
  let progress = NOTHING_YET;
  tell(progress);
  while (!stopped()) {
    const { jobs, refused, firstRefusal, hasMore } = await patiently(ask, wait);
    // What was refused still passes the filter, and would be counted again by the next request: it counts at the end.
    const last = !hasMore || jobs.length === 0;
    progress = added(progress, { done: jobs.length + (last ? refused : 0), refused: last ? refused : 0, refusal: firstRefusal ?? undefined });
    tell(progress);
    if (last) return;
  }
}

interface More {
  readonly done: number;
  readonly refused: number;
  readonly refusal: string | undefined;
}

function added(before: BulkProgress, { done, refused, refusal }: More): BulkProgress {
  const known = refusal === undefined || before.refusals.length >= MOST_REFUSALS || before.refusals.includes(refusal);
  return { done: before.done + done, refused: before.refused + refused, refusals: known ? before.refusals : [...before.refusals, refusal] };
}

/** Too much in too short a time is no refusal: it is asked again when the server says so. */
async function patiently<T>(act: () => Promise<T>, wait: (milliseconds: number) => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (failure) {
      const { code, retryAfterSeconds } = asApiError(failure);
      if (code !== "RATE_LIMITED" || tries === MOST_TRIES) throw failure;
      await wait((retryAfterSeconds ?? 1) * 1000);
    }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
