// The rows of a list: one list of jobs after the other, each loaded page by page.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import type { Extent } from "../live/jobStore";
import { useCell, useRevision } from "../ui/useCell";
import { holdOrder, type JobQuery, listJobs } from "./jobList";
import { type Section, sectionsOf } from "./jobSections";
import type { JobView } from "./jobView";

/** A job by its id, or a section's title. */
export type RowKey = `job ${string}` | `title ${string}`;

/** So many rows at most: who wants to see more is better served by a filter. */
export const MOST_ROWS = 20_000;

export function useJobRows(view: JobView, organizationId: string | undefined, hold: boolean) {
  const key = JSON.stringify([view, organizationId]);
  const sections = useMemo(() => {
    const [parsed, id] = JSON.parse(key) as [JobView, string | null];
    return sectionsOf(parsed, id ?? undefined);
  }, [key]);
  const first = useSection(sections[0]);
  const second = useSection(sections[1]);
  const fresh = useMemo(() => {
    const rows: RowKey[] = [...titled(sections[0], first.ids)];
    // What comes behind a list that is not loaded to its end has no place yet.
    if (first.complete) rows.push(...titled(sections[1], second.ids));
    return rows.slice(0, MOST_ROWS);
  }, [sections, first.ids, first.complete, second.ids]);
  const { keys, waiting, letIn } = useHeldRows(fresh, hold);
  const loadMore = (): void => (first.complete ? second.loadMore() : first.loadMore());
  const loaded = first.loaded && (sections.length === 1 || second.loaded || !first.complete);
  const complete = first.complete && (sections.length === 1 || second.complete);
  return { rows: keys as readonly RowKey[], waiting, letIn, loadMore, loaded, complete, error: first.error ?? second.error };
}

function titled(section: Section | undefined, ids: readonly string[]): RowKey[] {
  if (section === undefined || ids.length === 0) return [];
  const rows: RowKey[] = ids.map((id) => `job ${id}` as const);
  return section.title === undefined ? rows : [`title ${section.title}`, ...rows];
}

function useHeldRows(fresh: readonly string[], hold: boolean) {
  const [shown, setShown] = useState(fresh);
  const held = hold ? holdOrder(shown, fresh) : { keys: fresh, waiting: 0 };
  if (held.keys !== shown) setShown(held.keys);
  return { ...held, letIn: () => setShown(fresh) };
}

const NOTHING: JobQuery = { filter: { status: [] }, order: { field: "SUBMITTED_AT", direction: "DESC" } };

function useSection(section: Section | undefined) {
  const { jobs } = useWorkspace();
  const query = section?.query ?? NOTHING;
  const extentCell = jobs.extent(query);
  const extent = useCell<Extent | undefined>(extentCell);
  const revision = useRevision(jobs.jobs);
  const [error, setError] = useState<ApiError>();
  const asking = useRef(false);
  const ids = useMemo(() => {
    void revision;
    return query === NOTHING ? [] : listJobs(jobs.jobs.values(), query, extent).map((job) => job.id);
  }, [jobs, query, extent, revision]);
  const loadMore = useCallback(() => {
    if (asking.current || query === NOTHING || extentCell.get()?.endCursor === null) return;
    asking.current = true;
    jobs
      .loadMore(query)
      .then(() => setError(undefined))
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => (asking.current = false));
  }, [jobs, query, extentCell]);
  useEffect(() => jobs.watchList(query), [jobs, query]);
  useEffect(() => {
    if (extent === undefined) loadMore();
  }, [extent, loadMore]);
  return { ids, loaded: extent !== undefined, complete: query === NOTHING || extent?.endCursor === null, error, loadMore };
}
