// The jobs that the viewer may see: filtered and sorted by what the URL says, page after page as one scrolls, and live.
import { useCallback, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { rememberList } from "../app/listAddress";
import { useWorkspace } from "../app/LiveContext";
import { JobPageDocument } from "../generated/graphql";
import type { EntityMap } from "../live/entityMap";
import { type Job, PAGE_SIZE } from "../live/jobStore";
import { Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { useCell } from "../ui/useCell";
import { BulkBar } from "./BulkBar";
import { JobFilterBar } from "./JobFilterBar";
import styles from "./JobsPage.module.css";
import { sectionsOf } from "./jobSections";
import { JobTable } from "./JobTable";
import { parseView, toFilter, writeView, type JobView } from "./jobView";
import { StatusFilter } from "./StatusFilter";
import { useOrganizationId } from "./useOrganizationId";
import { useStatusCounts } from "./useStatusCounts";
import { ViewsBar } from "./ViewsBar";

export function JobsPage() {
  const { jobs } = useWorkspace();
  const state = useCell(jobs.feed.state);
  const { view, change } = useJobView();
  const organization = useOrganizationId(view.organization);
  const counts = useStatusCounts(view, organization.id);
  const [selected, setSelected] = useState<ReadonlyMap<string, Job | undefined>>(new Map());
  const select = useCallback((ids: readonly string[], chosen: boolean) => setSelected((before) => withMembers(before, jobs.jobs, ids, chosen)), [jobs]);
  return (
    <div className={styles.page}>
      <PageHead title="Jobs" query={{ operation: JobPageDocument, variables: firstPage(view, organization.id) }} />
      <ViewsBar view={view} />
      <JobFilterBar view={view} onChange={change} />
      <StatusFilter view={view} counts={counts} onChange={change} />
      {state.phase === "failed" && <Failure error={state.error} onRetry={jobs.feed.start} />}
      {(state.phase === "loading" || organization.loading) && <Loading what="the jobs" />}
      {state.phase === "ready" && !organization.loading && (
        <JobTable
          key={JSON.stringify({ ...view, sort: view.sort ?? "" })}
          view={view}
          organizationId={organization.id}
          selected={selected}
          onSelect={select}
          onChange={change}
        />
      )}
      <BulkBar selected={selected} filter={toFilter(view, [], organization.id)} statuses={view.statuses} counts={counts} onClear={() => setSelected(new Map())} />
    </div>
  );
}

/** What the list asks for first. */
function firstPage(view: JobView, organizationId: string | undefined) {
  return { ...sectionsOf(view, organizationId)[0]?.query, first: PAGE_SIZE, after: null };
}

/** The view in the URL. Typing replaces the entry in the browser's history instead of adding one for each letter. */
function useJobView() {
  const [parameters, setParameters] = useSearchParams();
  const search = parameters.toString();
  useEffect(() => rememberList("/jobs", search), [search]);
  const change = useCallback(
    (changes: Partial<JobView>) => {
      const next = writeView(search, { ...parseView(search), ...changes });
      setParameters(next, { replace: "text" in changes || "model" in changes });
    },
    [search, setParameters],
  );
  return { view: parseView(search), change };
}

/** Each as it is now, as far as it is known: a long list forgets what is out of sight. */
function withMembers(before: ReadonlyMap<string, Job | undefined>, known: EntityMap<Job>, ids: readonly string[], members: boolean): ReadonlyMap<string, Job | undefined> {
  const after = new Map(before);
  for (const id of ids) {
    if (members) after.set(id, known.get(id));
    else after.delete(id);
  }
  return after;
}
