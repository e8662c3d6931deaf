// The organization's jobs as far as they were looked at or changed, newest first, in two lists: those that still hold
// or want GPUs, and those that have ended.
import type { Api } from "../api/client";
import {
  type ChangeKind,
  EventCursorDocument,
  JobCountsDocument,
  JobPageDocument,
  type JobRowFragment,
  type JobStatus,
  JobUpdatesDocument,
  type JobUpdatesSubscription,
} from "../generated/graphql";
import { countChange, type StatusCounts } from "../jobs/statusCounts";
import { isFinished } from "../jobs/jobStatus";
import { Cell } from "./cell";
import { EntityMap } from "./entityMap";
import { Feed, type StreamOpener } from "./feed";
import { FrameQueue, type Scheduler } from "./frameQueue";

export type Job = JobRowFragment;

interface Change {
  readonly kind: ChangeKind;
  readonly job: Job;
}

/** Where the pages of one status filter end: older jobs are on the server only. */
export interface Extent {
  readonly endCursor: string | null;
  readonly oldestSubmittedAt: string | undefined;
}

export const PAGE_SIZE = 50;
const RECOUNT_AFTER_MS = 2000;
/** Ended jobs beyond this many are forgotten, oldest first, and can be loaded again. */
const MOST_FINISHED = 2000;

export class JobStore {
  readonly jobs = new EntityMap<Job>();
  readonly counts = new Cell<StatusCounts | undefined>(undefined);
  readonly feed: Feed<JobUpdatesSubscription>;
  readonly #api: Api;
  readonly #queue: FrameQueue<Change>;
  readonly #extents = new Map<string, Cell<Extent | undefined>>();
  #recount: ReturnType<typeof setTimeout> | undefined;
  #countWatchers = 0;

  constructor(api: Api, socket: StreamOpener, scheduler: Scheduler) {
    this.#api = api;
    this.#queue = new FrameQueue({ apply: (changes) => this.#apply(changes), overflow: () => this.feed.resync(), scheduler });
    this.feed = new Feed({
      socket,
      operation: JobUpdatesDocument,
      cursorOf: (data) => data.jobUpdates.cursor,
      apply: ({ jobUpdates: { kind, job } }) => this.#queue.push(job.id, { kind, job }),
      position: async () => (await api.query(EventCursorDocument, {})).eventCursor,
      snapshot: () => this.#snapshot(),
    });
  }

  start(): void {
    this.feed.start();
  }

  close(): void {
    this.feed.close();
    this.#queue.close();
    clearTimeout(this.#recount);
  }

  /** How far the list of these statuses is loaded; undefined before its first page. */
  extent(statuses: readonly JobStatus[]): Cell<Extent | undefined> {
    const key = extentKey(statuses);
    const known = this.#extents.get(key);
    if (known !== undefined) return known;
    const cell = new Cell<Extent | undefined>(undefined);
    this.#extents.set(key, cell);
    return cell;
  }

  async loadMore(statuses: readonly JobStatus[]): Promise<void> {
    await this.#loadPage(statuses, this.extent(statuses).get()?.endCursor ?? null);
  }

  async #loadPage(statuses: readonly JobStatus[], after: string | null): Promise<readonly Job[]> {
    const extent = this.extent(statuses);
    const { jobs } = await this.#api.query(JobPageDocument, { status: [...statuses], first: PAGE_SIZE, after });
    this.#accept(jobs.nodes);
    extent.set({
      endCursor: jobs.pageInfo.hasNextPage ? jobs.pageInfo.endCursor : null,
      oldestSubmittedAt: jobs.nodes.at(-1)?.submittedAt ?? extent.get()?.oldestSubmittedAt,
    });
    return jobs.nodes;
  }

  /** Takes what a mutation or a query of one job answered. */
  take(job: Job): void {
    this.#accept([job]);
  }

  /** Takes a job that was made just now; its event may come before or after this. */
  takeNew(job: Job): void {
    this.#apply([{ kind: "CREATED", job }]);
  }

  /** As long as somebody looks at the counts, they are made exact again after each change. */
  watchCounts(): () => void {
    this.#countWatchers += 1;
    this.#recountSoon();
    return () => (this.#countWatchers -= 1);
  }

  #apply(changes: readonly Change[]): void {
    for (const { kind, job } of changes) {
      // Counted one by one, because one batch may hold a job's creation and, through a query, its next change.
      this.#count(job, kind);
      this.jobs.put(job);
    }
    this.#forgetOldest();
  }

  #accept(jobs: readonly Job[]): void {
    for (const job of jobs) this.#count(job, "UPDATED");
    this.jobs.putAll(jobs);
  }

  /** Moves the counts at once by what is known. The server's own count follows, because a change may cross a count on its way. */
  #count(job: Job, kind: ChangeKind): void {
    const counts = this.counts.get();
    const known = this.jobs.get(job.id);
    if (counts === undefined || known?.status === job.status || (known !== undefined && known.version > job.version)) return;
    this.counts.set(countChange(counts, { kind, before: known?.status, after: job.status }));
    this.#recountSoon();
  }

  #recountSoon(): void {
    if (this.#countWatchers === 0) return;
    this.#recount ??= setTimeout(() => {
      this.#recount = undefined;
      this.#loadCounts().catch(() => this.counts.set(undefined));
    }, RECOUNT_AFTER_MS);
  }

  async #loadCounts(): Promise<void> {
    const data = await this.#api.query(JobCountsDocument, {});
    this.counts.set({
      QUEUED: data.queued.totalCount,
      HELD: data.held.totalCount,
      ALLOCATED: data.allocated.totalCount,
      RUNNING: data.running.totalCount,
      STOPPING: data.stopping.totalCount,
      SUCCEEDED: data.succeeded.totalCount,
      FAILED: data.failed.totalCount,
      CANCELLED: data.cancelled.totalCount,
      TIMED_OUT: data.timedOut.totalCount,
    });
  }

  /**
   * Changes were missed, and any job may be another by now: the loaded lists begin again at their first page, and what
   * neither came with them nor changed meanwhile is forgotten.
   */
  async #snapshot(): Promise<void> {
    const before = this.jobs.values();
    const loaded = [...this.#extents.entries()].filter(([, extent]) => extent.get() !== undefined);
    const pages = Promise.all(loaded.map(([key]) => this.#loadPage(key.split(",") as JobStatus[], null)));
    const [fetched] = await Promise.all([pages, this.#loadCounts()]);
    const fresh = new Set(fetched.flat().map((job) => job.id));
    const stale = before.filter((job) => !fresh.has(job.id) && this.jobs.get(job.id) === job);
    this.jobs.removeAll(stale.map((job) => job.id));
  }

  #forgetOldest(): void {
    if (this.jobs.size <= MOST_FINISHED) return;
    const finished = this.jobs.values().filter((job) => isFinished(job.status));
    if (finished.length <= MOST_FINISHED) return;
    finished.sort((a, b) => a.submittedAt.localeCompare(b.submittedAt));
    this.jobs.removeAll(finished.slice(0, finished.length - MOST_FINISHED).map((job) => job.id));
  }
}

function extentKey(statuses: readonly JobStatus[]): string {
  return [...statuses].sort().join(",");
}
