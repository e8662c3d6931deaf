// Which GPUs' readings somebody looks at. Readings come with a GPU's events only when the GPU itself changed, and the API
// has no stream of them; so those in sight, and only those, are asked for again as often as agents report.
import { pause } from "./pause";

const EVERY_MS = 5000;
/** Many are asked for less often, so that asking for all of them stays a small part of the time. */
const EVERY_MS_PER_GPU = 4;

export class ReadingWatch {
  readonly #refresh: (gpuIds: readonly string[]) => Promise<void>;
  readonly #watched = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;

  constructor(refresh: (gpuIds: readonly string[]) => Promise<void>) {
    this.#refresh = refresh;
  }

  /** Answers how to look away again. */
  look(gpuIds: readonly string[]): () => void {
    const before = this.#watched.size;
    gpuIds.forEach((id) => this.#watched.set(id, (this.#watched.get(id) ?? 0) + 1));
    if (this.#watched.size > before) void this.#ask();
    this.#askLater();
    return () => this.#lookAway(gpuIds);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watched.clear();
  }

  #lookAway(gpuIds: readonly string[]): void {
    for (const id of gpuIds) {
      const watchers = (this.#watched.get(id) ?? 1) - 1;
      if (watchers > 0) this.#watched.set(id, watchers);
      else this.#watched.delete(id);
    }
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #askLater(): void {
    if (this.#watched.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
      this.#askLater();
    }, Math.max(EVERY_MS, this.#watched.size * EVERY_MS_PER_GPU));
  }

  async #ask(): Promise<void> {
    if (this.#asking || document.visibilityState === "hidden" || pause.on.get()) return;
    this.#asking = true;
    // Those that come into sight in the same moment are asked for together.
    await Promise.resolve();
    // A failure needs no words of its own: the reading grows old, and the connection's state is shown.
    await this.#refresh([...this.#watched.keys()]).catch(() => undefined);
    this.#asking = false;
  }
}
