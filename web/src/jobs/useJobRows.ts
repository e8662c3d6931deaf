// The rows of a list: one list of jobs after the other, each loaded page by page.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { useCell } from "../ui/useCell";
import type { JobList, JobQuery } from "./jobList";
import { type Section, sectionsOf } from "./jobSections";
import type { JobView } from "./jobView";

/** A job's id, or a section's title. Ids stand as they are: of many thousands none is to be made anew at each change. */
export type RowKey = `job_${string}` | `title ${string}`;

export interface Rows {
  readonly count: number;
  readonly at: (index: number) => RowKey | undefined;
}

/** So many rows at most: a page may not be taller than browsers make one. */
export const MOST_ROWS = 250_000;

export function useJobRows(view: JobView, organizationId: string | undefined, hold: boolean) {
  const key = JSON.stringify([view, organizationId]);
  const sections = useMemo(() => {
    const [parsed, id] = JSON.parse(key) as [JobView, string | null];
    return sectionsOf(parsed, id ?? undefined);
  }, [key]);
  const first = useSection(sections[0], hold);
  const second = useSection(sections[1], hold);
  // What comes behind a list that is not loaded to its end has no place yet.
  const shown = first.complete ? [first, second] : [first];
  // The lists change in place: what is made of them is made anew with each of their revisions.
  const rows = useMemo(() => {
    void [first.revision, second.revision];
    const parts = sections.map(({ title }, index) => ({ title, list: index === 0 ? first.list : second.list }));
    return joined(first.complete ? parts : parts.slice(0, 1));
  }, [sections, first.list, second.list, first.revision, second.revision, first.complete]);
  // A job that goes from one list to the other is not new.
  const waiting = shown.flatMap(({ list }) => list.waiting).filter((id) => !first.list.has(id) && !second.list.has(id));
  const loadMore = (): void => (first.complete ? second.loadMore() : first.loadMore());
  const loaded = first.loaded && (sections.length === 1 || second.loaded || !first.complete);
  const complete = first.complete && (sections.length === 1 || second.complete);
  const letIn = (): void => shown.forEach((section) => section.letIn());
  return { rows, waiting: new Set(waiting).size, letIn, loadMore, loaded, complete, error: first.error ?? second.error };
}

interface Part {
  readonly title: string | undefined;
  readonly list: JobList;
}

/** One list below the other; an empty one has no title either. */
export function joined(parts: readonly Part[]): Rows {
  const placed: { readonly from: number; readonly title: string | undefined; readonly list: JobList }[] = [];
  let count = 0;
  for (const { title, list } of parts) {
    if (list.length === 0) continue;
    placed.push({ from: count, title, list });
    count += list.length + (title === undefined ? 0 : 1);
  }
  const at = (index: number): RowKey | undefined => {
    const part = placed.findLast(({ from }) => from <= index);
    if (part === undefined) return undefined;
    if (part.title !== undefined && index === part.from) return `title ${part.title}`;
    const id = part.list.at(index - part.from - (part.title === undefined ? 0 : 1));
    return id as RowKey | undefined;
  };
  return { count: Math.min(count, MOST_ROWS), at };
}

const NOTHING: JobQuery = { filter: { status: [] }, order: { field: "SUBMITTED_AT", direction: "DESC" } };

function useSection(section: Section | undefined, hold: boolean) {
  const { jobs } = useWorkspace();
  const query = section?.query ?? NOTHING;
  const list = jobs.list(query);
  const revision = useCell(list.revision);
  const [error, setError] = useState<ApiError>();
  const asking = useRef(false);
  const ask = useCallback((question: () => Promise<void>) => {
    if (asking.current) return;
    asking.current = true;
    question()
      .then(() => setError(undefined))
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => (asking.current = false));
  }, []);
  const loadMore = useCallback(() => {
    if (query !== NOTHING && !list.complete) ask(() => jobs.loadMore(query));
  }, [jobs, query, list, ask]);
  const letIn = useCallback(() => {
    if (!list.letIn()) ask(() => jobs.beginAgain(query));
  }, [jobs, query, list, ask]);
  useEffect(() => jobs.watchList(query), [jobs, query]);
  useEffect(() => {
    if (!hold) return undefined;
    list.hold();
    return () => {
      if (!list.release()) ask(() => jobs.beginAgain(query));
    };
  }, [jobs, query, list, hold, ask]);
  useEffect(() => {
    if (!list.begun) loadMore();
  }, [list, loadMore]);
  return { list, revision, loaded: list.begun, complete: query === NOTHING || list.complete, error, loadMore, letIn };
}
