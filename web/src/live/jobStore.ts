// The jobs that the viewer may see, as far as they were looked at or changed. Each list, which is a filter with an order,
// is loaded page by page and knows how far.
import type { Api } from "../api/client";
import {
  type ChangeKind,
  EventCursorDocument,
  JobCountsDocument,
  JobPageDocument,
  type JobRowFragment,
  JobUpdatesDocument,
  type JobUpdatesSubscription,
} from "../generated/graphql";
import type { JobQuery } from "../jobs/jobList";
import { countChange, type StatusCounts, statusCounts } from "../jobs/statusCounts";
import { Cell } from "./cell";
import { EntityMap } from "./entityMap";
import { Feed, type StreamOpener } from "./feed";
import { FrameQueue, type Scheduler } from "./frameQueue";

export type Job = JobRowFragment;

interface Change {
  readonly kind: ChangeKind;
  readonly job: Job;
}

/** Where the loaded pages of a list end: what comes behind is on the server only. */
export interface Extent {
  readonly endCursor: string | null;
  readonly last: Job | undefined;
}

export const PAGE_SIZE = 100;
const RECOUNT_AFTER_MS = 2000;
/** Beyond this many, lists begin again at their first page, and what they do not show is forgotten. */
const MOST_JOBS = 30_000;

export class JobStore {
  readonly jobs = new EntityMap<Job>();
  readonly counts = new Cell<StatusCounts | undefined>(undefined);
  readonly feed: Feed<JobUpdatesSubscription>;
  readonly #api: Api;
  readonly #queue: FrameQueue<Change>;
  readonly #lists = new Map<string, { readonly query: JobQuery; readonly extent: Cell<Extent | undefined>; watchers: number }>();
  #beginsAgain = false;
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

  /** How far this list is loaded; undefined before its first page. */
  extent(query: JobQuery): Cell<Extent | undefined> {
    return this.#list(query).extent;
  }

  /** As long as somebody looks at a list, it is loaded anew after a gap. */
  watchList(query: JobQuery): () => void {
    const list = this.#list(query);
    list.watchers += 1;
    return () => (list.watchers -= 1);
  }

  async loadMore(query: JobQuery): Promise<void> {
    await this.#loadPage(query, this.extent(query).get()?.endCursor ?? null);
  }

  #list(query: JobQuery) {
    const key = JSON.stringify(query);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list = { query, extent: new Cell<Extent | undefined>(undefined), watchers: 0 };
    this.#lists.set(key, list);
    return list;
  }

  async #loadPage(query: JobQuery, after: string | null): Promise<readonly Job[]> {
    const { extent } = this.#list(query);
    const { jobs } = await this.#api.query(JobPageDocument, { ...query, first: PAGE_SIZE, after });
    this.#accept(jobs.nodes);
    extent.set({
      endCursor: jobs.pageInfo.hasNextPage ? jobs.pageInfo.endCursor : null,
      last: jobs.nodes.at(-1) ?? extent.get()?.last,
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
    this.#beginAgainWhenTooMany();
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
      // What was counted last stays in sight; the connection's state tells how old it is.
      this.#loadCounts().catch(() => undefined);
    }, RECOUNT_AFTER_MS);
  }

  async #loadCounts(): Promise<void> {
    this.counts.set(statusCounts(await this.#api.query(JobCountsDocument, {})));
  }

  /**
   * Changes were missed, and any job may be another by now: the loaded lists begin again at their first page, and what
   * neither came with them nor changed meanwhile is forgotten.
   */
  async #snapshot(): Promise<void> {
    const before = this.jobs.values();
    for (const [key, list] of this.#lists) if (list.watchers === 0) this.#lists.delete(key);
    const pages = Promise.all([...this.#lists.values()].map(({ query }) => this.#loadPage(query, null)));
    const [fetched] = await Promise.all([pages, this.#loadCounts()]);
    const fresh = new Set(fetched.flat().map((job) => job.id));
    const stale = before.filter((job) => !fresh.has(job.id) && this.jobs.get(job.id) === job);
    this.jobs.removeAll(stale.map((job) => job.id));
    this.#beginsAgain = false;
  }

  #beginAgainWhenTooMany(): void {
    if (this.jobs.size <= MOST_JOBS || this.#beginsAgain) return;
    this.#beginsAgain = true;
    this.feed.resync();
  }
}
