import { afterEach, describe, expect, test, vi } from "vitest";
import type { Api } from "../api/client";
import { ApiError } from "../api/errors";
import type { Stream } from "../api/socket";
import { EventCursorDocument, JobCountsDocument, JobsByIdsDocument, type JobStatus, type JobUpdatesSubscription } from "../generated/graphql";
import { aJob } from "../jobs/testJobs";
import { type Job, JobStore } from "./jobStore";

/** A server with some jobs, and frames that come when the test says so. */
function world(jobs: Job[]) {
  const frames: (() => void)[] = [];
  const remembered: string[][] = [];
  let countings = 0;
  let stream: Stream<JobUpdatesSubscription, Record<string, unknown>> | undefined;
  const counted = (status: JobStatus) => ({ totalCount: jobs.filter((job) => job.status === status).length });
  const counts = () => ({
    queued: counted("QUEUED"), held: counted("HELD"), allocated: counted("ALLOCATED"), running: counted("RUNNING"),
    stopping: counted("STOPPING"), succeeded: counted("SUCCEEDED"), failed: counted("FAILED"), cancelled: counted("CANCELLED"),
    timedOut: counted("TIMED_OUT"),
  });
  const page = (status: JobStatus[]) => ({
    jobs: { nodes: jobs.filter((job) => status.includes(job.status)), pageInfo: { hasNextPage: false, endCursor: null } },
  });
  const api = {
    query: async (operation: unknown, variables: { filter: { status: JobStatus[] }; ids: string[] }) => {
      if (operation === EventCursorDocument) return { eventCursor: "0" };
      if (operation === JobsByIdsDocument) {
        remembered.push(variables.ids);
        return { nodes: jobs.filter(({ id }) => variables.ids.includes(id)) };
      }
      if (operation !== JobCountsDocument) return page(variables.filter.status);
      countings += 1;
      return counts();
    },
  } as unknown as Api;
  let connected = false;
  const socket = {
    open: (opened: unknown) => {
      stream = opened as typeof stream;
      if (connected) queueMicrotask(() => stream?.started?.());
      return () => undefined;
    },
  };
  const store = new JobStore(api, socket, { schedule: (run) => frames.push(run), now: () => 0 });
  store.start();
  return {
    store,
    remembered,
    countings: () => countings,
    connect: async () => {
      connected = true;
      stream?.started?.();
      await settled();
    },
    forgetCursor: async () => {
      stream?.refused(new ApiError("CURSOR_EXPIRED", "too old"));
      await settled();
    },
    send: (job: Job, kind: "CREATED" | "UPDATED" = "UPDATED") => stream?.next({ jobUpdates: { cursor: `${job.version}`, kind, job } }),
    frame: () => frames.splice(0).forEach((run) => run()),
  };
}

const listOf = (status: JobStatus) => ({ filter: { status: [status] }, order: { field: "SUBMITTED_AT" as const, direction: "DESC" as const } });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.useRealTimers();
});

describe("the job store", () => {
  test("counts each status from the snapshot and from every change after it", async () => {
    const { store, connect, send, frame } = world([aJob({ id: "a", status: "RUNNING" })]);
    await connect();
    await store.loadMore(listOf("RUNNING"));
    send(aJob({ id: "b", status: "QUEUED", version: 1 }), "CREATED");
    send(aJob({ id: "a", status: "SUCCEEDED", version: 2 }));
    frame();
    expect(store.counts.get()).toMatchObject({ QUEUED: 1, RUNNING: 0, SUCCEEDED: 1 });
  });

  test("counts anew after a change, however it came, and not because a page was loaded", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const job = aJob({ id: "a", status: "RUNNING" });
    const { store, countings, connect, send, frame } = world([job]);
    const later = async (): Promise<number> => {
      vi.advanceTimersByTime(10_000);
      await settled();
      return countings();
    };
    await connect();
    store.watchCounts();
    const before = await later();
    await store.loadMore(listOf("RUNNING"));
    expect(await later()).toBe(before);
    // The page had it before its event.
    send(job);
    frame();
    expect(await later()).toBe(before + 1);
    send(aJob({ id: "a", status: "SUCCEEDED", version: 2 }));
    frame();
    expect(await later()).toBe(before + 2);
  });

  test("counts a new job once, whether the answer or the event comes first", async () => {
    const { store, connect, send, frame } = world([]);
    await connect();
    for (const [id, answerFirst] of [["a", true], ["b", false]] as const) {
      const job = aJob({ id, status: "QUEUED", version: 1 });
      if (answerFirst) store.takeNew(job);
      send(job, "CREATED");
      frame();
      if (!answerFirst) store.takeNew(job);
    }
    expect(store.counts.get()).toMatchObject({ QUEUED: 2 });
  });

  test("counts a change once, although a query brought it before its event", async () => {
    const { store, connect, send, frame } = world([aJob({ id: "a", status: "QUEUED" })]);
    await connect();
    await store.loadMore(listOf("QUEUED"));
    const running = aJob({ id: "a", status: "RUNNING", version: 2 });
    store.take(running);
    send(running);
    frame();
    expect(store.counts.get()).toMatchObject({ QUEUED: 0, RUNNING: 1 });
  });

  test("a change that arrives late does not undo a newer one", async () => {
    const { store, connect, send, frame } = world([]);
    await connect();
    store.take(aJob({ id: "a", status: "CANCELLED", version: 5 }));
    send(aJob({ id: "a", status: "RUNNING", version: 4 }));
    frame();
    expect(store.jobs.get("a")?.status).toBe("CANCELLED");
    expect(store.counts.get()).toMatchObject({ RUNNING: 0 });
  });

  test("when the server has forgotten the cursor, jobs that the server no longer lists so are forgotten", async () => {
    const server = [aJob({ id: "a", status: "RUNNING" }), aJob({ id: "b", status: "RUNNING" })];
    const { store, connect, forgetCursor } = world(server);
    await connect();
    store.watchList(listOf("RUNNING"));
    await store.loadMore(listOf("RUNNING"));
    server.pop();
    await forgetCursor();
    expect(store.jobs.values().map((job) => job.id)).toEqual(["a"]);
  });

  test("a long list keeps its places, and what was forgotten of it is asked for again", async () => {
    const server = Array.from({ length: 2600 }, (_, index) => aJob({ id: `job-${index.toString().padStart(4, "0")}`, status: "RUNNING" }));
    const { store, connect, remembered } = world(server);
    await connect();
    await store.loadMore(listOf("RUNNING"));
    expect(store.list(listOf("RUNNING")).length).toBe(2600);
    expect(store.jobs.size).toBeLessThanOrEqual(2000);
    const forgotten = server.find(({ id }) => store.jobs.get(id) === undefined)?.id ?? "";
    await store.remember([forgotten, server.at(-1)?.id ?? ""]);
    expect(store.jobs.get(forgotten)?.id).toBe(forgotten);
    expect(remembered).toEqual([[forgotten]]);
  });
});
