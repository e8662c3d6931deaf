// A stream of changes that goes on without a gap: it keeps the last cursor, resumes after it when the connection comes
// back, and asks for a whole snapshot when there is no cursor or the server no longer remembers it. Nothing tells when the
// server has begun a stream "from now", so a snapshot could come before it: the first cursor is asked for by itself.
import { type ApiError, asApiError, type FailureCode } from "../api/errors";
import type { Operation } from "../api/operation";
import type { Stream } from "../api/socket";
import { Cell } from "./cell";

/** A stream that the server ended or could not serve is asked for again after this long. */
export const RESTART_AFTER_MS = 1000;
const TRANSIENT: ReadonlySet<FailureCode> = new Set(["UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR", "NETWORK"]);

/** What a feed needs of the socket. */
export interface StreamOpener {
  open<Data, Variables extends Record<string, unknown>>(stream: Stream<Data, Variables>): () => void;
}

export interface FeedOptions<Data> {
  readonly socket: StreamOpener;
  readonly operation: Operation<Data, { after?: string | null | undefined }>;
  readonly cursorOf: (data: Data) => string;
  /** Applied in order; a change older than what is known must be dropped by its version. */
  readonly apply: (data: Data) => void;
  /** Where the server's changes stand now. */
  readonly position: () => Promise<string>;
  /** Fetches everything anew and replaces what is known. */
  readonly snapshot: () => Promise<void>;
}

export type FeedState =
  | { readonly phase: "loading" }
  | { readonly phase: "ready" }
  | { readonly phase: "failed"; readonly error: ApiError };

export class Feed<Data> {
  readonly state = new Cell<FeedState>({ phase: "loading" });
  readonly #options: FeedOptions<Data>;
  #stop: (() => void) | undefined;
  #cursor: string | undefined;
  #hasSnapshot = false;
  #closed = false;
  #restart: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FeedOptions<Data>) {
    this.#options = options;
  }

  /** Also the way to try again after a failure. */
  start = (): void => {
    clearTimeout(this.#restart);
    this.#stop?.();
    if (this.#closed) return;
    this.#stop = this.#options.socket.open({
      operation: this.#options.operation,
      variables: () => ({ after: this.#cursor ?? null }),
      started: () => this.#started(),
      next: (data) => {
        this.#cursor = this.#options.cursorOf(data);
        this.#options.apply(data);
      },
      refused: (error) => this.#refused(error),
      completed: () => this.#startLater(RESTART_AFTER_MS),
    });
  };

  /** Fetches a new snapshot beside the running stream, because changes were passed over on purpose. */
  resync = (): void => {
    void this.#load();
  };

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    this.#stop?.();
  }

  #started(): void {
    // With a cursor and a snapshot the stream itself brings everything that was missed.
    if (this.#cursor === undefined) void this.#begin();
    else if (!this.#hasSnapshot) void this.#load();
    else this.state.set({ phase: "ready" });
  }

  #refused(error: ApiError): void {
    if (error.code === "CURSOR_EXPIRED" && this.#cursor !== undefined) {
      this.#cursor = undefined;
      this.#hasSnapshot = false;
      this.start();
      return;
    }
    this.#failed(error);
  }

  #startLater(milliseconds: number): void {
    clearTimeout(this.#restart);
    this.#restart = setTimeout(this.start, milliseconds);
  }

  /** Starts over from a known place; the snapshot, which is taken then, holds all that came before it. */
  async #begin(): Promise<void> {
    try {
      const position = await this.#options.position();
      this.#cursor ??= position;
      this.start();
    } catch (failure) {
      this.#failed(failure);
    }
  }

  async #load(): Promise<void> {
    this.#hasSnapshot = false;
    try {
      await this.#options.snapshot();
      this.#hasSnapshot = true;
      if (!this.#closed) this.state.set({ phase: "ready" });
    } catch (failure) {
      this.#failed(failure);
    }
  }

  /** What may pass by itself is tried again without being asked to. */
  #failed(failure: unknown): void {
    if (this.#closed) return;
    const error = asApiError(failure);
    this.state.set({ phase: "failed", error });
    if (TRANSIENT.has(error.code)) this.#startLater((error.retryAfterSeconds ?? 5) * 1000);
  }
}
