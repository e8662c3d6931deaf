// One list of jobs: a filter and an order. Only ids stand in it, so that it may be long while few of its jobs are known in whole;
// a change of one job moves one place. While somebody points at it nothing moves: what would, waits.
import type { JobFilter, JobOrder } from "../generated/graphql";
import { Cell } from "../live/cell";
import type { Job } from "../live/jobStore";
import { passes } from "./jobView";

export interface JobQuery {
  readonly filter: JobFilter;
  readonly order: JobOrder;
}

/** What tells where a job stands. */
interface Place {
  readonly id: string;
  readonly key: number | string;
}

export interface Page {
  readonly jobs: readonly Job[];
  /** Null: nothing comes behind it. */
  readonly endCursor: string | null;
}

/** Beyond this many that wait, the list begins again when it is let go. */
const MOST_WAITING = 5000;

export class JobList {
  readonly query: JobQuery;
  /** Grows whenever a place is another. */
  readonly revision = new Cell(0);
  readonly #places: Place[] = [];
  readonly #known = new Map<string, Place>();
  readonly #waiting = new Map<string, Job>();
  readonly #key: (job: Job) => number | string;
  readonly #compare: (a: Place, b: Place) => number;
  #end: { readonly cursor: string | null; readonly last: Place | undefined } | undefined;
  #held = false;
  #lost = false;

  constructor(query: JobQuery) {
    this.query = query;
    this.#key = KEYS[query.order.field];
    const sign = query.order.direction === "ASC" ? 1 : -1;
    // Those of equal rank stand by id, in the same direction, as on the server.
    this.#compare = (a, b) => sign * (ordered(a.key, b.key) || ordered(a.id, b.id));
  }

  get length(): number {
    return this.#places.length;
  }

  /** Its first page has come. */
  get begun(): boolean {
    return this.#end !== undefined;
  }

  /** Nothing comes behind what is loaded. */
  get complete(): boolean {
    return this.#end?.cursor === null;
  }

  get endCursor(): string | null {
    return this.#end?.cursor ?? null;
  }

  /** New jobs that wait to be let in. */
  get waiting(): readonly string[] {
    return [...this.#waiting.values()].filter((job) => !this.#known.has(job.id) && this.#belongs(job)).map(({ id }) => id);
  }

  at(index: number): string | undefined {
    return this.#places[index]?.id;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** The next page. */
  append({ jobs, endCursor }: Page): void {
    const last = jobs.at(-1);
    this.#end = { cursor: endCursor, last: last === undefined ? this.#end?.last : this.#placeOf(last) };
    jobs.forEach((job) => this.#put(job));
    this.#tell();
  }

  /** Starts over: with the first page, and with what is known beside it. */
  begin(page: Page, others: readonly Job[]): void {
    this.#places.length = 0;
    this.#known.clear();
    this.#waiting.clear();
    this.#end = undefined;
    this.append(page);
    this.take(others);
  }

  /** Jobs as they are now; those that have no place here are passed over. */
  take(jobs: readonly Job[]): void {
    let moved = false;
    for (const job of jobs) moved = (this.#held ? this.#wait(job) : this.#put(job)) || moved;
    if (moved) this.#tell();
  }

  hold(): void {
    this.#held = true;
  }

  /** Lets in what has waited, and goes on being held if it was. Answers false when too much has waited: it is to begin again. */
  letIn(): boolean {
    const [waiting, whole] = [[...this.#waiting.values()], !this.#lost];
    this.#waiting.clear();
    this.#lost = false;
    if (waiting.map((job) => this.#put(job)).includes(true)) this.#tell();
    return whole;
  }

  release(): boolean {
    this.#held = false;
    return this.letIn();
  }

  /** While it is held only what comes behind its end changes it. Answers whether anything is to be told. */
  #wait(job: Job): boolean {
    const at = this.#known.get(job.id);
    const place = this.#placeOf(job);
    const stays = at !== undefined ? this.#belongs(job) && at.key === place.key : !this.#belongs(job);
    if (stays) return this.#waiting.delete(job.id);
    const last = this.#places.at(-1);
    if (at === undefined && (last === undefined || this.#compare(place, last) > 0)) return this.#put(job);
    if (this.#waiting.size >= MOST_WAITING) this.#lost = true;
    else this.#waiting.set(job.id, job);
    return true;
  }

  /** Answers whether a place is another now. */
  #put(job: Job): boolean {
    const before = this.#known.get(job.id);
    const belongs = this.#belongs(job);
    const place = this.#placeOf(job);
    if (before === undefined && !belongs) return false;
    if (before !== undefined && belongs && before.key === place.key) return false;
    if (before !== undefined) this.#remove(before);
    if (belongs) {
      this.#places.splice(this.#indexOf(place), 0, place);
      this.#known.set(job.id, place);
    }
    return true;
  }

  #remove(place: Place): void {
    this.#known.delete(place.id);
    const index = this.#indexOf(place);
    if (this.#places[index]?.id === place.id) this.#places.splice(index, 1);
  }

  /** It passes, and its place lies within the loaded pages: beyond them the list would show a gap as if nothing had been there. */
  #belongs(job: Job): boolean {
    if (this.#end === undefined || !passes(job, this.query.filter)) return false;
    const { cursor, last } = this.#end;
    return cursor === null || (last !== undefined && this.#compare(this.#placeOf(job), last) <= 0);
  }

  #placeOf(job: Job): Place {
    return { id: job.id, key: this.#key(job) };
  }

  /** Where it stands, or would stand. */
  #indexOf(place: Place): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#places[middle];
      if (other !== undefined && this.#compare(other, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #tell(): void {
    this.revision.set(this.revision.get() + 1);
  }
}

const KEYS: Readonly<Record<JobOrder["field"], (job: Job) => number | string>> = {
  SUBMITTED_AT: (job) => job.submittedAt,
  UPDATED_AT: (job) => job.updatedAt,
  PRIORITY: (job) => job.priority,
};

function ordered(a: number | string, b: number | string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
