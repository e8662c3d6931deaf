// GPUs, their hosts and their readings. What a GPU is changes by version and comes by events; what it reads changes
// with every heartbeat, has no version, and is kept apart so that a reading never renders more than its own level.
import type { Api } from "../api/client";
import {
  EventCursorDocument,
  FleetUpdatesDocument,
  type FleetTotalsFragment,
  type GpuCellFragment,
  GpuPageDocument,
  type GpuPageQuery,
  type GpuReadingFragment,
  GpuReadingsDocument,
  HostUpdatesDocument,
  type HostUpdatesSubscription,
  GpuUpdatesDocument,
  type GpuUpdatesSubscription,
} from "../generated/graphql";
import { Cell } from "./cell";
import { EntityMap } from "./entityMap";
import { ReadingWatch } from "./readingWatch";
import { Feed, RESTART_AFTER_MS, type StreamOpener } from "./feed";
import { FrameQueue, type Scheduler } from "./frameQueue";

/** Its use and telemetry are left out of the type, because those of its last change are soon old: see `reading`. */
export type Gpu = Omit<GpuCellFragment, "host" | "use" | "telemetry"> & { readonly hostId: string };
export type Host = GpuCellFragment["host"];
export type Reading = Omit<GpuReadingFragment, "id" | "host">;

const REFUSED_FOR_MS = 5000;

/** A fleet larger than this is not loaded whole; the page says so. */
export const MOST_GPUS = 5000;
export class FleetStore {
  readonly gpus = new EntityMap<Gpu>();
  readonly hosts = new EntityMap<Host>();
  /** Grows when any reading changed: for what counts over all of them. */
  readonly readingRevision = new Cell(0);
  readonly totals = new Cell<FleetTotalsFragment | undefined>(undefined);
  readonly feed: Feed<GpuUpdatesSubscription>;
  readonly #hostFeed: Feed<HostUpdatesSubscription>;
  /** Who looks at which readings. */
  readonly watch: ReadingWatch;
  readonly #readings = new Map<string, Cell<Reading | undefined>>();
  readonly #queue: FrameQueue<GpuCellFragment>;
  readonly #hostQueue: FrameQueue<Host>;
  readonly #readingQueue: FrameQueue<GpuReadingFragment>;
  readonly #api: Api;
  readonly #socket: StreamOpener;
  readonly #scheduler: Scheduler;
  #newestTotals: FleetTotalsFragment | undefined;
  #closed = false;
  #stopTotals: (() => void) | undefined;

  constructor(api: Api, socket: StreamOpener, scheduler: Scheduler) {
    const position = async () => (await api.query(EventCursorDocument, {})).eventCursor;
    this.#api = api;
    this.#socket = socket;
    this.#scheduler = scheduler;
    this.watch = new ReadingWatch((ids) => this.#follow(ids));
    this.#queue = new FrameQueue({ apply: (gpus) => this.take(gpus), overflow: () => this.feed.resync(), scheduler });
    this.feed = new Feed({
      socket,
      operation: GpuUpdatesDocument,
      cursorOf: (data) => data.gpuUpdates.cursor,
      apply: (data) => this.#queue.push(data.gpuUpdates.gpu.id, data.gpuUpdates.gpu),
      position,
      snapshot: () => this.#snapshot(),
    });
    this.#readingQueue = new FrameQueue({ apply: (readings) => this.#takeReadings(readings), overflow: () => undefined, scheduler });
    this.#hostQueue = new FrameQueue({ apply: (hosts) => this.hosts.putAll(hosts), overflow: () => this.feed.resync(), scheduler });
    this.#hostFeed = new Feed({
      socket,
      operation: HostUpdatesDocument,
      cursorOf: (data) => data.hostUpdates.cursor,
      // Which host was removed is not told; what is left is.
      apply: ({ hostUpdates: { host } }) => (host === null ? this.feed.resync() : this.#hostQueue.push(host.id, host)),
      position,
      // Hosts come with their GPUs.
      snapshot: () => Promise.resolve(),
    });
  }

  start(): void {
    this.feed.start();
    this.#hostFeed.start();
    this.#watchTotals();
  }

  close(): void {
    this.#closed = true;
    this.watch.close();
    for (const feed of [this.feed, this.#hostFeed]) feed.close();
    for (const queue of [this.#queue, this.#hostQueue, this.#readingQueue]) queue.close();
    this.#stopTotals?.();
  }

  reading(gpuId: string): Cell<Reading | undefined> {
    const known = this.#readings.get(gpuId);
    if (known !== undefined) return known;
    const cell = new Cell<Reading | undefined>(undefined);
    this.#readings.set(gpuId, cell);
    return cell;
  }

  take(cells: readonly GpuCellFragment[]): void {
    this.hosts.putAll(cells.map((cell) => cell.host));
    this.gpus.putAll(cells.map(gpuOf));
    this.#takeReadings(cells);
  }

  /** The readings of these GPUs as they come, until what is answered is called. */
  #follow(gpuIds: readonly string[]): () => void {
    let stop = (): void => undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const open = (): void => {
      stop = this.#socket.open({
        operation: GpuReadingsDocument,
        variables: () => ({ ids: [...gpuIds] }),
        next: ({ telemetryUpdates: { gpus } }) => gpus.forEach((gpu) => this.#readingQueue.push(gpu.id, gpu)),
        // A refusal needs no words of its own: the readings grow old, and their age is shown.
        refused: () => (again = setTimeout(open, REFUSED_FOR_MS)),
        completed: () => (again = setTimeout(open, RESTART_AFTER_MS)),
      });
    };
    open();
    return () => {
      clearTimeout(again);
      stop();
    };
  }

  #takeReadings(nodes: readonly GpuReadingFragment[]): void {
    nodes.forEach((node) => this.#takeReading(node));
    this.#tellReadings();
  }

  /** Once for many: what counts over all readings is counted anew each time. */
  #tellReadings(): void {
    this.readingRevision.set(this.readingRevision.get() + 1);
  }

  #takeReading(node: GpuReadingFragment): void {
    this.reading(node.id).set({ use: node.use, telemetry: node.telemetry });
    const host = this.hosts.get(node.host.id);
    if (host === undefined || host.lastHeartbeatAt === node.host.lastHeartbeatAt) return;
    this.hosts.put({ ...host, lastHeartbeatAt: node.host.lastHeartbeatAt });
  }

  async #snapshot(): Promise<void> {
    const cells: GpuCellFragment[] = [];
    const first = this.gpus.size === 0;
    let after: string | null = null;
    do {
      const { gpus }: GpuPageQuery = await this.#api.query(GpuPageDocument, { after });
      cells.push(...gpus.nodes);
      // A large fleet comes into sight page by page; one that is already in sight is exchanged as a whole.
      if (first) this.take(gpus.nodes);
      after = gpus.pageInfo.hasNextPage ? gpus.pageInfo.endCursor : null;
    } while (after !== null && cells.length < MOST_GPUS);
    this.hosts.replaceAll(uniqueById(cells.map((cell) => cell.host)));
    this.gpus.replaceAll(cells.map(gpuOf));
    this.#takeReadings(cells);
  }

  #watchTotals(): void {
    if (this.#closed) return;
    this.#stopTotals?.();
    this.#stopTotals = this.#socket.open({
      operation: FleetUpdatesDocument,
      variables: () => ({}),
      next: (data) => this.#takeTotals(data.fleetUpdates),
      refused: () => this.#takeTotals(undefined),
      completed: () => void setTimeout(() => this.#watchTotals(), RESTART_AFTER_MS),
    });
  }

  #takeTotals(totals: FleetTotalsFragment | undefined): void {
    this.#newestTotals = totals;
    this.#scheduler.schedule(() => this.totals.set(this.#newestTotals));
  }
}

function gpuOf(cell: GpuCellFragment): Gpu {
  const { host, ...gpu } = cell;
  return { ...gpu, hostId: host.id };
}

function uniqueById<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}
