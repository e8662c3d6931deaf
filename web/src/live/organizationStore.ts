// The organizations that the viewer may see, with what each has in use. A stream tells of their changes; what they have in use
// changes with the fleet's totals, so these, which do come by themselves, are the sign to ask again.
import type { Api } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import {
  OrganizationPageDocument,
  OrganizationUpdatesDocument,
  type OrganizationPageQuery,
  type OrganizationRowFragment,
  OwnOrganizationDocument,
  type Role,
} from "../generated/graphql";
import { Cell } from "./cell";
import type { StreamOpener } from "./feed";

export type Organization = OrganizationRowFragment;

export type OrganizationState =
  | { readonly phase: "loading" }
  | { readonly phase: "ready"; readonly all: readonly Organization[] }
  | { readonly phase: "failed"; readonly error: ApiError };

/** Anything that says that the fleet has moved. */
export interface Sign {
  subscribe(listener: () => void): () => void;
}

const SETTLES_MS = 1000;

export class OrganizationStore {
  readonly state = new Cell<OrganizationState>({ phase: "loading" });
  readonly #api: Api;
  readonly #sign: Sign;
  readonly #socket: StreamOpener;
  #role: Role | undefined;
  #watchers = 0;
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api, socket: StreamOpener, sign: Sign) {
    this.#api = api;
    this.#socket = socket;
    this.#sign = sign;
  }

  /** An operator sees all of them, anybody else their own. */
  start(role: Role): void {
    this.#role = role;
    if (this.#watchers > 0) void this.reload();
  }

  close(): void {
    this.#stop?.();
    clearTimeout(this.#timer);
  }

  watch = (): (() => void) => {
    this.#watchers += 1;
    if (this.#watchers === 1) {
      void this.reload();
      const stops = [this.#sign.subscribe(() => this.#reloadSoon()), this.#follow()];
      this.#stop = () => stops.forEach((stop) => stop());
    }
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.close();
    };
  };

  /** Takes what a mutation answered. */
  take(changed: Organization): void {
    const state = this.state.get();
    if (state.phase !== "ready") return;
    const others = state.all.filter(({ id }) => id !== changed.id);
    this.state.set({ phase: "ready", all: [...others, changed].sort((a, b) => a.slug.localeCompare(b.slug)) });
  }

  reload = async (): Promise<void> => {
    if (this.#role === undefined) return;
    try {
      this.state.set({ phase: "ready", all: this.#role === "OPERATOR" ? await this.#everyone() : await this.#own() });
    } catch (failure) {
      // What is known stays in sight; only where there is nothing is the failure all that can be shown.
      if (this.state.get().phase !== "ready") this.state.set({ phase: "failed", error: asApiError(failure) });
    }
  };

  #follow(): () => void {
    return this.#socket.open({
      operation: OrganizationUpdatesDocument,
      variables: () => ({}),
      // After a gap any of them may be another.
      started: () => this.#reloadSoon(),
      next: ({ organizationUpdates: { organization } }) => this.take(organization),
      // Without the stream a change is seen with the next change of the totals.
      refused: () => undefined,
      completed: () => undefined,
    });
  }

  #reloadSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.reload();
    }, SETTLES_MS);
  }

  async #own(): Promise<readonly Organization[]> {
    const { organization } = await this.#api.query(OwnOrganizationDocument, {});
    return organization === null ? [] : [organization];
  }

  async #everyone(): Promise<readonly Organization[]> {
    const all: Organization[] = [];
    let after: string | null = null;
    do {
      const { organizations }: OrganizationPageQuery = await this.#api.query(OrganizationPageDocument, { after });
      all.push(...organizations.nodes);
      after = organizations.pageInfo.hasNextPage ? organizations.pageInfo.endCursor : null;
    } while (after !== null);
    return all;
  }
}
