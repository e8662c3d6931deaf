import { describe, expect, test, vi } from "vitest";
import { ApiError } from "../api/errors";
import type { Operation } from "../api/operation";
import type { Stream } from "../api/socket";
import { Feed } from "./feed";

interface Change {
  readonly cursor: string;
}

/** A socket that the test connects, breaks and feeds by hand. Once connected it starts at once what is opened. */
class FakeSocket {
  readonly asked: unknown[] = [];
  stream: Stream<Change, { after?: string | null }> | undefined;
  #connected = false;

  open = <Data, Variables extends Record<string, unknown>>(stream: Stream<Data, Variables>): (() => void) => {
    this.stream = stream as unknown as Stream<Change, { after?: string | null }>;
    if (this.#connected) queueMicrotask(() => this.connect());
    return () => undefined;
  };

  /** The connection is there, for the first time or again. */
  connect(): void {
    this.#connected = true;
    this.asked.push(this.stream?.variables().after);
    this.stream?.started?.();
  }

  send(cursor: string): void {
    this.stream?.next({ cursor });
  }
}

function world(snapshot = async (): Promise<void> => undefined) {
  const socket = new FakeSocket();
  const applied: string[] = [];
  const positions = ["3", "6", "9"];
  let snapshots = 0;
  const feed = new Feed<Change>({
    socket,
    operation: "" as unknown as Operation<Change, { after?: string | null | undefined }>,
    cursorOf: (data) => data.cursor,
    apply: (data) => applied.push(data.cursor),
    position: async () => positions.shift() ?? "",
    snapshot: () => {
      snapshots += 1;
      return snapshot();
    },
  });
  return { socket, feed, applied, snapshots: () => snapshots };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a feed", () => {
  test("asks where the server stands, subscribes from there, then takes a snapshot", async () => {
    const { socket, feed, snapshots } = world();
    feed.start();
    expect(snapshots()).toBe(0);
    socket.connect();
    await settled();
    expect([socket.asked, snapshots(), feed.state.get().phase]).toEqual([[null, "3"], 1, "ready"]);
  });

  test("resumes after its last cursor without another snapshot", async () => {
    const { socket, feed, applied, snapshots } = world();
    feed.start();
    socket.connect();
    await settled();
    socket.send("7");
    socket.send("8");
    socket.connect();
    expect([socket.asked, applied, snapshots()]).toEqual([[null, "3", "8"], ["7", "8"], 1]);
  });

  test("goes on from where it began when nothing has come", async () => {
    const { socket, feed, snapshots } = world();
    feed.start();
    socket.connect();
    await settled();
    socket.connect();
    expect([socket.asked, snapshots()]).toEqual([[null, "3", "3"], 1]);
  });

  test("begins anew when the server has forgotten its cursor", async () => {
    const { socket, feed, snapshots } = world();
    feed.start();
    socket.connect();
    await settled();
    socket.send("7");
    socket.stream?.refused(new ApiError("CURSOR_EXPIRED", "too old"));
    await settled();
    expect([socket.asked, snapshots(), feed.state.get().phase]).toEqual([[null, "3", null, "6"], 2, "ready"]);
  });

  test("says why it failed, and can be started again", async () => {
    const { socket, feed } = world();
    feed.start();
    socket.stream?.refused(new ApiError("FORBIDDEN", "not for agents"));
    expect(feed.state.get()).toMatchObject({ phase: "failed", error: { code: "FORBIDDEN" } });
    feed.start();
    socket.connect();
    await settled();
    expect(feed.state.get().phase).toBe("ready");
  });

  test("a failed snapshot is tried again at the next connection, although a cursor is known", async () => {
    const answers = [Promise.reject(new ApiError("UNAVAILABLE", "starting")), Promise.resolve()];
    const { socket, feed, snapshots } = world(() => answers.shift() ?? Promise.resolve());
    feed.start();
    socket.connect();
    await settled();
    expect(feed.state.get().phase).toBe("failed");
    socket.send("7");
    socket.connect();
    await settled();
    expect([snapshots(), feed.state.get().phase]).toEqual([2, "ready"]);
  });

  test("a snapshot that failed for the moment is tried again by itself", async () => {
    vi.useFakeTimers();
    const answers = [Promise.reject(new ApiError("RATE_LIMITED", "slowly", { retryAfterSeconds: 2 })), Promise.resolve()];
    const { socket, feed, snapshots } = world(() => answers.shift() ?? Promise.resolve());
    feed.start();
    socket.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.state.get().phase).toBe("failed");
    await vi.advanceTimersByTimeAsync(2100);
    expect([snapshots(), feed.state.get().phase]).toEqual([2, "ready"]);
    feed.close();
    vi.useRealTimers();
  });
});
