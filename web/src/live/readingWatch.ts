// Which GPUs' readings somebody looks at. A reading changes with every sign of life of its host, so only those in sight are
// followed: by streams of so many GPUs each, which are arranged anew when others come into sight.

/** As many as one stream may follow. */
export const MOST_OF_STREAM = 256;
const SETTLES_MS = 50;

interface Followed {
  readonly ids: ReadonlySet<string>;
  readonly stop: () => void;
}

export class ReadingWatch {
  readonly #open: (gpuIds: readonly string[]) => () => void;
  readonly #watched = new Map<string, number>();
  #streams: Followed[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `open` follows these GPUs until what it answers is called. */
  constructor(open: (gpuIds: readonly string[]) => () => void) {
    this.#open = open;
  }

  /** Answers how to look away again. */
  look(gpuIds: readonly string[]): () => void {
    gpuIds.forEach((id) => this.#watched.set(id, (this.#watched.get(id) ?? 0) + 1));
    this.#arrangeSoon();
    return () => this.#lookAway(gpuIds);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watched.clear();
    this.#stopAll();
  }

  #lookAway(gpuIds: readonly string[]): void {
    for (const id of gpuIds) {
      const watchers = (this.#watched.get(id) ?? 1) - 1;
      if (watchers > 0) this.#watched.set(id, watchers);
      else this.#watched.delete(id);
    }
    this.#arrangeSoon();
  }

  /** Those that come into sight in the same moment are followed together. */
  #arrangeSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#arrange();
    }, SETTLES_MS);
  }

  #arrange(): void {
    for (const stream of this.#streams) if (![...stream.ids].some((id) => this.#watched.has(id))) stream.stop();
    this.#streams = this.#streams.filter(({ ids }) => [...ids].some((id) => this.#watched.has(id)));
    // Many small streams, as scrolling leaves them behind, become few large ones.
    if (this.#streams.length > 2 * Math.ceil(this.#watched.size / MOST_OF_STREAM) + 2) this.#stopAll();
    const missing = [...this.#watched.keys()].filter((id) => !this.#streams.some(({ ids }) => ids.has(id)));
    for (let from = 0; from < missing.length; from += MOST_OF_STREAM) {
      const ids = missing.slice(from, from + MOST_OF_STREAM);
      this.#streams.push({ ids: new Set(ids), stop: this.#open(ids) });
    }
  }

  #stopAll(): void {
    this.#streams.forEach(({ stop }) => stop());
    this.#streams = [];
  }
}
