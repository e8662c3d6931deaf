// The jobs that the viewer may see, as far as they were looked at or changed lately. Each list, which is a filter with an order,
// is loaded page by page and keeps the ids alone: a job that has been forgotten is asked for when it comes into sight again.
import type { Api } from "../api/client";
import {
  type ChangeKind,
  EventCursorDocument,
  JobCountsDocument,
  JobPageDocument,
  type JobRowFragment,
  JobsByIdsDocument,
  JobUpdatesDocument,
  type JobUpdatesSubscription,
} from "../generated/graphql";
import { JobList, type JobQuery, type Page } from "../jobs/jobList";
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

export const PAGE_SIZE = 100;
const RECOUNT_AFTER_MS = 2000;
/** Of more than these, those are forgotten that nobody looks at and that have not changed for longest; lists keep their ids. */
const KEPT_JOBS = 2000;
const KEPT_LISTS = 8;
/** As many as the API takes at once. */
const MOST_IDS = 100;

interface Kept {
  readonly list: JobList;
  watchers: number;
}

export class JobStore {
  readonly jobs = new EntityMap<Job>();
  readonly counts = new Cell<StatusCounts | undefined>(undefined);
  readonly feed: Feed<JobUpdatesSubscription>;
  readonly #api: Api;
  readonly #queue: FrameQueue<Change>;
  readonly #lists = new Map<string, Kept>();
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

  list(query: JobQuery): JobList {
    return this.#keep(query).list;
  }

  /** As long as somebody looks at a list, it is loaded anew after a gap. */
  watchList(query: JobQuery): () => void {
    const kept = this.#keep(query);
    kept.watchers += 1;
    return () => (kept.watchers -= 1);
  }

  async loadMore(query: JobQuery): Promise<void> {
    const { list } = this.#keep(query);
    list.append(await this.#fetchPage(query, list.endCursor));
    this.jobs.trim(KEPT_JOBS);
  }

  /** From its first page on. */
  async beginAgain(query: JobQuery): Promise<void> {
    const page = await this.#fetchPage(query, null);
    this.list(query).begin(page, this.jobs.values());
  }

  /** Asks for jobs that stand in a list and have been forgotten. */
  async remember(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => this.jobs.get(id) === undefined);
    for (let from = 0; from < missing.length; from += MOST_IDS) {
      const { nodes } = await this.#api.query(JobsByIdsDocument, { ids: missing.slice(from, from + MOST_IDS) });
      this.#accept(nodes.filter(isJob));
    }
  }

  #keep(query: JobQuery): Kept {
    const key = JSON.stringify(query);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    this.#forgetLists();
    const kept = { list: new JobList(query), watchers: 0 };
    this.#lists.set(key, kept);
    return kept;
  }

  /** Each letter of a search is a list of its own. */
  #forgetLists(): void {
    for (const [key, { watchers }] of this.#lists) {
      if (this.#lists.size <= KEPT_LISTS) return;
      if (watchers === 0) this.#lists.delete(key);
    }
  }

  async #fetchPage(query: JobQuery, after: string | null): Promise<Page> {
    const { jobs } = await this.#api.query(JobPageDocument, { ...query, first: PAGE_SIZE, after });
    this.#accept(jobs.nodes);
    return { jobs: jobs.nodes.map((job) => this.jobs.get(job.id) ?? job), endCursor: jobs.pageInfo.hasNextPage ? jobs.pageInfo.endCursor : null };
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
      // A query that met it for the first time may have brought its change, which was not counted then.
      if (kind === "UPDATED" && this.jobs.get(job.id)?.version === job.version) this.#recountSoon();
      this.jobs.put(job);
    }
    this.#tellLists(changes.map(({ job }) => job.id));
    this.jobs.trim(KEPT_JOBS);
  }

  #accept(jobs: readonly Job[]): void {
    // Of what is met for the first time nobody knows whether it has changed: a page of a list is no reason to count anew.
    for (const job of jobs) if (this.jobs.get(job.id) !== undefined) this.#count(job, "UPDATED");
    this.jobs.putAll(jobs);
    this.#tellLists(jobs.map(({ id }) => id));
  }

  /** Of what is known now: a change may have come late. */
  #tellLists(ids: readonly string[]): void {
    const jobs = ids.map((id) => this.jobs.get(id)).filter((job) => job !== undefined);
    for (const { list } of this.#lists.values()) list.take(jobs);
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
    for (const [key, { watchers }] of this.#lists) if (watchers === 0) this.#lists.delete(key);
    const lists = [...this.#lists.values()].map(({ list }) => list);
    const [pages] = await Promise.all([Promise.all(lists.map(({ query }) => this.#fetchPage(query, null))), this.#loadCounts()]);
    const fresh = new Set(pages.flatMap(({ jobs }) => jobs.map(({ id }) => id)));
    const stale = before.filter((job) => !fresh.has(job.id) && this.jobs.get(job.id) === job);
    this.jobs.removeAll(stale.map(({ id }) => id));
    const known = this.jobs.values();
    pages.forEach((page, index) => lists[index]?.begin(page, known));
  }
}

function isJob(node: object | null): node is Job {
  return node !== null && "pending" in node;
}
