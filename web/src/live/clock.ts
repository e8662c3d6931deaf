// One timer for every duration on the page. It stands still while nobody looks.

type Listener = () => void;

export class Clock {
  readonly #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #now = Date.now();

  now = (): number => this.#now;

  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    if (this.#timer === undefined) {
      this.#now = Date.now();
      this.#timer = setInterval(() => this.#tick(), 1000);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    };
  };

  #tick(): void {
    if (document.visibilityState === "hidden") return;
    this.#now = Date.now();
    this.#listeners.forEach((listener) => listener());
  }
}

export const clock = new Clock();
