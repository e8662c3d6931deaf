// The newest lines of a log. The oldest are dropped beyond the limit and counted, so that a gap is told.
import type { LogStream } from "../generated/graphql";

export interface Line {
  /** Its place in the log since the page was opened; grows by one per line and never changes. */
  readonly number: number;
  readonly cursor: string;
  readonly at: string;
  readonly stream: LogStream;
  readonly text: string;
}

export class LogRing {
  readonly #limit: number;
  #lines: Line[] = [];
  #start = 0;
  #next = 0;

  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#lines.length - this.#start;
  }

  /** Lines that no longer fit. */
  get dropped(): number {
    return this.#next - this.length;
  }

  at(index: number): Line | undefined {
    return this.#lines[this.#start + index];
  }

  push(lines: readonly Omit<Line, "number">[]): void {
    for (const line of lines) this.#lines.push({ ...line, number: this.#next++ });
    if (this.length > this.#limit) this.#start = this.#lines.length - this.#limit;
    // Moved only once a whole limit of dropped lines has gathered, so that a push costs constant time on average.
    if (this.#start > this.#limit) {
      this.#lines = this.#lines.slice(this.#start);
      this.#start = 0;
    }
  }

  text(): string {
    return this.#lines.slice(this.#start).map((line) => `${line.text}\n`).join("");
  }
}
