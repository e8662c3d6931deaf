// Events wait here and are applied together once per animation frame, so that a burst costs one rendering. The last
// write per id wins. A hidden tab applies them once a second, because it gets no frames.

const SLICE_MS = 4;
const HIDDEN_INTERVAL_MS = 1000;
const CHUNK = 64;

export interface Scheduler {
  schedule(run: () => void): void;
  now(): number;
}

export const browserScheduler: Scheduler = {
  schedule(run) {
    if (document.visibilityState === "hidden") setTimeout(run, HIDDEN_INTERVAL_MS);
    else requestAnimationFrame(run);
  },
  now: () => performance.now(),
};

export interface FrameQueueOptions<T> {
  readonly apply: (items: T[]) => void;
  /** More than `limit` waiting: applying them all would cost more than asking for everything anew. */
  readonly overflow: () => void;
  readonly scheduler: Scheduler;
  readonly limit?: number;
}

export class FrameQueue<T> {
  readonly #options: FrameQueueOptions<T>;
  readonly #waiting = new Map<string, T>();
  #scheduled = false;
  #closed = false;

  constructor(options: FrameQueueOptions<T>) {
    this.#options = options;
  }

  push(id: string, item: T): void {
    // Deleted first, so that the newest write also takes the newest place.
    this.#waiting.delete(id);
    this.#waiting.set(id, item);
    if (this.#waiting.size > (this.#options.limit ?? 20_000)) {
      this.#waiting.clear();
      this.#options.overflow();
      return;
    }
    this.#schedule();
  }

  clear(): void {
    this.#waiting.clear();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#options.scheduler.schedule(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    const started = this.#options.scheduler.now();
    while (this.#waiting.size > 0 && this.#options.scheduler.now() - started < SLICE_MS) {
      this.#options.apply(this.#take(CHUNK));
    }
    if (this.#waiting.size > 0) this.#schedule();
  }

  #take(count: number): T[] {
    const taken: T[] = [];
    for (const [id, item] of this.#waiting) {
      if (taken.length === count) break;
      taken.push(item);
      this.#waiting.delete(id);
    }
    return taken;
  }
}
