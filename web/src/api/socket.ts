// The one WebSocket. It reconnects by itself and starts every stream anew with fresh variables, so that a stream goes
// on after its last cursor; graphql-ws alone would repeat the variables it began with.
import { type Client, createClient } from "graphql-ws";
import { Cell } from "../live/cell";
import { backoffMs } from "./backoff";
import { type ApiError, fromGraphQLErrors, type GraphQLErrorLike } from "./errors";
import type { Operation } from "./operation";

export type Connection =
  | { readonly phase: "connecting" }
  | { readonly phase: "live" }
  | { readonly phase: "waiting"; readonly since: number; readonly retryAt: number }
  | { readonly phase: "closed" };

export interface Stream<Data, Variables> {
  readonly operation: Operation<Data, Variables>;
  /** Asked at every start, so that a stream can resume. */
  readonly variables: () => Variables;
  /** The server has been asked for the stream, the first time or after a reconnect. */
  readonly started?: () => void;
  readonly next: (data: Data) => void;
  /** The server refused or broke off this stream; the connection itself is well. The stream is not started again. */
  readonly refused: (error: ApiError) => void;
  /** The server said that nothing more will come. */
  readonly completed: () => void;
}

export interface LiveSocketOptions {
  readonly url: string;
  readonly token: string;
  readonly onUnauthenticated: () => void;
  readonly connect?: typeof createClient;
  readonly random?: () => number;
}

const PONG_WITHIN_MS = 8000;
const PING_EVERY_MS = 15_000;
/** A connection that lived this long was a good one: the next loss starts with the shortest wait. */
const STEADY_AFTER_MS = 5000;

interface Running {
  readonly start: () => void;
  readonly stop: () => void;
  readonly started: () => void;
}

export class LiveSocket {
  readonly connection = new Cell<Connection>({ phase: "connecting" });
  readonly #options: LiveSocketOptions;
  readonly #client: Client;
  readonly #streams = new Set<Running>();
  #attempt = 0;
  #lostAt: number | undefined;
  #steadyTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #startedTimer: ReturnType<typeof setTimeout> | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveSocketOptions) {
    this.#options = options;
    this.#client = (options.connect ?? createClient)({
      url: options.url,
      connectionParams: { authorization: `Bearer ${options.token}` },
      lazyCloseTimeout: 3000,
      retryAttempts: 0,
      keepAlive: PING_EVERY_MS,
      on: {
        connected: () => this.#connected(),
        closed: (event) => this.#lost(event),
        ping: (received) => {
          if (!received) this.#pongTimer = setTimeout(() => this.#client.terminate(), PONG_WITHIN_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(this.#pongTimer);
        },
      },
    });
  }

  open<Data, Variables extends Record<string, unknown>>(stream: Stream<Data, Variables>): () => void {
    let stop = (): void => undefined;
    const running: Running = {
      start: () => {
        stop = this.#subscribe(stream, () => this.#streams.delete(running));
      },
      stop: () => stop(),
      started: () => stream.started?.(),
    };
    this.#streams.add(running);
    const phase = this.connection.get().phase;
    if (phase === "connecting" || phase === "live") running.start();
    if (phase === "live") queueMicrotask(running.started);
    return () => {
      this.#streams.delete(running);
      stop();
    };
  }

  /** Ends the wait for the next attempt. */
  retryNow = (): void => {
    if (this.connection.get().phase === "waiting") this.#reconnect();
  };

  close(): void {
    this.connection.set({ phase: "closed" });
    this.#streams.forEach((stream) => stream.stop());
    this.#streams.clear();
    this.#clearTimers();
    void this.#client.dispose();
  }

  /** `forget` takes the stream out of those that a reconnect starts anew. */
  #subscribe<Data, Variables extends Record<string, unknown>>(stream: Stream<Data, Variables>, forget: () => void): () => void {
    let over = false;
    const end = (): boolean => {
      const first = !over;
      over = true;
      return first;
    };
    const refuse = (errors: readonly GraphQLErrorLike[]): void => {
      if (!end()) return;
      forget();
      this.#refused(stream, fromGraphQLErrors(errors));
    };
    const dispose = this.#client.subscribe<Data>(
      { query: stream.operation.toString(), variables: stream.variables() },
      {
        next: (result) => {
          if (over) return;
          if (result.errors !== undefined) {
            refuse(result.errors);
            dispose();
          } else if (result.data !== null && result.data !== undefined) {
            stream.next(result.data);
          }
        },
        error: (failure) => {
          // Only a refusal by the server is a list; a lost connection is handled once, for all streams, by #lost.
          if (Array.isArray(failure)) refuse(failure as GraphQLErrorLike[]);
        },
        complete: () => {
          if (!end()) return;
          forget();
          stream.completed();
        },
      },
    );
    return () => {
      if (end()) dispose();
    };
  }

  #refused(stream: Pick<Stream<never, never>, "refused">, error: ApiError): void {
    if (error.code === "UNAUTHENTICATED") this.#options.onUnauthenticated();
    stream.refused(error);
  }

  #connected(): void {
    this.#lostAt = undefined;
    this.#steadyTimer = setTimeout(() => (this.#attempt = 0), STEADY_AFTER_MS);
    this.connection.set({ phase: "live" });
    // graphql-ws sends the waiting subscriptions right after this event.
    this.#startedTimer = setTimeout(() => this.#streams.forEach((stream) => stream.started()), 0);
  }

  #lost(event: unknown): void {
    this.#clearTimers();
    if (this.connection.get().phase === "closed") return;
    if (isRefusedToken(event)) {
      this.close();
      this.#options.onUnauthenticated();
      return;
    }
    if (this.#streams.size === 0) {
      this.connection.set({ phase: "connecting" });
      return;
    }
    // Stopped first: after an orderly close graphql-ws would go on by itself, with the variables of the past.
    this.#streams.forEach((stream) => stream.stop());
    this.#lostAt ??= Date.now();
    const wait = backoffMs(this.#attempt++, this.#options.random ?? Math.random);
    this.connection.set({ phase: "waiting", since: this.#lostAt, retryAt: Date.now() + wait });
    this.#retryTimer = setTimeout(() => this.#reconnect(), wait);
  }

  #clearTimers(): void {
    for (const timer of [this.#retryTimer, this.#steadyTimer, this.#startedTimer, this.#pongTimer]) clearTimeout(timer);
  }

  #reconnect(): void {
    clearTimeout(this.#retryTimer);
    this.connection.set({ phase: "connecting" });
    this.#streams.forEach((stream) => stream.start());
  }
}

/** 4401: the token has expired or was revoked; 4403: it was not accepted at all. */
function isRefusedToken(event: unknown): boolean {
  const code = closeCode(event);
  return code === 4401 || code === 4403;
}

function closeCode(event: unknown): number | undefined {
  if (typeof event !== "object" || event === null || !("code" in event)) return undefined;
  return typeof event.code === "number" ? event.code : undefined;
}
