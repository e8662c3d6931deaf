// A job's log as it is written: lines are gathered and given to the ring once per frame. A lost connection goes on
// after the last line that came.
import { type ApiError } from "../api/errors";
import { JobLogsDocument, type JobLogsSubscription } from "../generated/graphql";
import { Cell } from "../live/cell";
import type { StreamOpener } from "../live/feed";
import type { Scheduler } from "../live/frameQueue";
import { LogRing } from "./logRing";

export interface LogState {
  /** Grows whenever the ring changed. */
  readonly revision: number;
  readonly phase: "following" | "complete" | "failed";
  readonly error?: ApiError;
}

const MOST_WAITING = 5000;

export class LogFollower {
  readonly ring = new LogRing();
  readonly state = new Cell<LogState>({ revision: 0, phase: "following" });
  readonly #socket: StreamOpener;
  readonly #jobId: string;
  readonly #attempt: number | null;
  readonly #scheduler: Scheduler;
  #waiting: JobLogsSubscription["jobLogs"][] = [];
  #scheduled = false;
  /** The ring holds lines that have not been told of. */
  #kept = false;
  #cursor: string | null = null;
  #stop: (() => void) | undefined;

  /** `attempt`: of this one alone; null: of all. */
  constructor(socket: StreamOpener, jobId: string, attempt: number | null, scheduler: Scheduler) {
    this.#socket = socket;
    this.#jobId = jobId;
    this.#attempt = attempt;
    this.#scheduler = scheduler;
  }

  start = (): void => {
    this.#stop?.();
    this.#change({ phase: "following" });
    this.#stop = this.#socket.open({
      operation: JobLogsDocument,
      variables: () => ({ jobId: this.#jobId, after: this.#cursor, attempt: this.#attempt }),
      next: (data) => this.#take(data.jobLogs),
      refused: (error) => this.#finish({ phase: "failed", error }),
      completed: () => this.#finish({ phase: "complete" }),
    });
  };

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #take(line: JobLogsSubscription["jobLogs"]): void {
    this.#cursor = line.cursor;
    this.#waiting.push(line);
    // While nothing is shown, as in a hidden tab or a paused page, the ring alone keeps what has come: it has a bound.
    if (this.#waiting.length >= MOST_WAITING) this.#keep();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#scheduler.schedule(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  #finish(end: Omit<LogState, "revision">): void {
    this.#drain();
    this.#change(end);
  }

  #drain(): void {
    this.#keep();
    if (this.#kept) this.#change({});
    this.#kept = false;
  }

  #keep(): void {
    if (this.#waiting.length === 0) return;
    this.ring.push(this.#waiting);
    this.#waiting = [];
    this.#kept = true;
  }

  #change(change: Partial<Omit<LogState, "revision">>): void {
    const before = this.state.get();
    this.state.set({ ...before, ...change, revision: before.revision + 1 });
  }
}
