import type { Client, ClientOptions, Sink } from "graphql-ws";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backoffMs } from "./backoff";
import type { ApiError } from "./errors";
import type { Operation } from "./operation";
import { LiveSocket } from "./socket";

type Subscription = { readonly variables: unknown; readonly sink: Sink<{ data?: unknown; errors?: readonly unknown[] }>; disposed: boolean };

/** Stands in for graphql-ws: the test speaks for the server. */
function world() {
  const subscriptions: Subscription[] = [];
  let options: ClientOptions | undefined;
  const refusals: string[] = [];
  const connect = (given: ClientOptions): Client => {
    options = given;
    return {
      on: () => () => undefined,
      subscribe: (payload: { variables?: unknown }, sink: never) => {
        const subscription: Subscription = { variables: payload.variables, sink, disposed: false };
        subscriptions.push(subscription);
        return () => void (subscription.disposed = true);
      },
      iterate: () => {
        throw new Error("not used");
      },
      dispose: () => undefined,
      terminate: () => undefined,
    } as unknown as Client;
  };
  const socket = new LiveSocket({ url: "ws://here", token: "t", onUnauthenticated: () => refusals.push("token"), connect, random: () => 1 });
  const heard: unknown[] = [];
  let cursor: string | null = null;
  const stop = socket.open<{ cursor: string }, { after: string | null }>({
    operation: "subscription" as unknown as Operation<{ cursor: string }, { after: string | null }>,
    variables: () => ({ after: cursor }),
    started: () => heard.push("started"),
    next: (data) => heard.push((cursor = data.cursor)),
    refused: (error: ApiError) => heard.push(error.code),
    completed: () => heard.push("completed"),
  });
  return {
    socket,
    stop,
    heard,
    refusals,
    subscriptions,
    connected: () => options?.on?.connected?.(undefined, undefined, false),
    closed: (code: number) => options?.on?.closed?.({ code, reason: "" }),
  };
}

describe("the live socket", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("starts every stream anew after a loss, with the cursor of now, and stops the old one", () => {
    const { socket, subscriptions, connected, closed, heard } = world();
    connected();
    subscriptions[0]?.sink.next({ data: { cursor: "7" } });
    closed(1000);
    expect([subscriptions[0]?.disposed, socket.connection.get().phase]).toEqual([true, "waiting"]);
    vi.advanceTimersByTime(500);
    expect(subscriptions.map(({ variables }) => variables)).toEqual([{ after: null }, { after: "7" }]);
    connected();
    vi.advanceTimersByTime(0);
    expect([socket.connection.get().phase, heard]).toEqual(["live", ["7", "started"]]);
  });

  test("hears nothing from a stream that belongs to the lost connection", () => {
    const { subscriptions, connected, closed, heard } = world();
    connected();
    closed(1013);
    subscriptions[0]?.sink.next({ data: { cursor: "late" } });
    subscriptions[0]?.sink.complete();
    expect(heard).toEqual([]);
  });

  test("waits longer after each failed attempt, and says since when it is away", () => {
    const { socket, closed } = world();
    closed(1006);
    const first = socket.connection.get();
    vi.advanceTimersByTime(500);
    closed(1006);
    const second = socket.connection.get();
    if (first.phase !== "waiting" || second.phase !== "waiting") throw new Error("it does not wait");
    expect(second.since).toBe(first.since);
    expect(second.retryAt - Date.now()).toBe(1000);
  });

  test.each([4401, 4403])("close code %i asks for another token and does not reconnect", (code) => {
    const { socket, refusals, subscriptions, connected, closed } = world();
    connected();
    closed(code);
    vi.advanceTimersByTime(60_000);
    expect([refusals, socket.connection.get().phase, subscriptions.length]).toEqual([["token"], "closed", 1]);
  });

  test("a refused stream is told why and not started again", () => {
    const { subscriptions, connected, closed, heard } = world();
    connected();
    subscriptions[0]?.sink.error([{ message: "too old", extensions: { code: "CURSOR_EXPIRED" } }]);
    closed(1006);
    vi.advanceTimersByTime(60_000);
    expect([heard, subscriptions.length]).toEqual([["CURSOR_EXPIRED"], 1]);
  });

  test("a stream that the server ended is told so", () => {
    const { subscriptions, connected, heard } = world();
    connected();
    subscriptions[0]?.sink.complete();
    expect(heard).toEqual(["completed"]);
  });
});

test("the wait doubles up to fifteen seconds, and jitter takes at most half of it", () => {
  expect([0, 1, 5, 50].map((attempt) => backoffMs(attempt, () => 1))).toEqual([500, 1000, 15_000, 15_000]);
  expect(backoffMs(0, () => 0)).toBe(250);
});
