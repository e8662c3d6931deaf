// The lists that one view is made of, one below the other.
import type { JobQuery } from "./jobList";
import { ACTIVE_STATUSES, ALL_STATUSES, FINISHED_STATUSES } from "./jobStatus";
import { type JobView, toFilter, toOrder } from "./jobView";

export interface Section {
  /** Undefined: the only one needs no title. */
  readonly title: string | undefined;
  readonly query: JobQuery;
}

export function sectionsOf(view: JobView, organizationId: string | undefined): Section[] {
  const chosen = view.statuses.length === 0 ? ALL_STATUSES : view.statuses;
  const section = (title: string | undefined, statuses: typeof chosen): Section => ({
    title,
    query: { filter: toFilter(view, statuses, organizationId), order: toOrder(view.sort) },
  });
  if (view.sort !== undefined) return [section(undefined, chosen)];
  const parts = [
    section("Waiting and running", ACTIVE_STATUSES.filter((status) => chosen.includes(status))),
    section("Ended", FINISHED_STATUSES.filter((status) => chosen.includes(status))),
  ];
  return parts.filter(({ query }) => (query.filter.status ?? []).length > 0);
}
