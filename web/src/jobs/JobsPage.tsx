// The jobs that the viewer may see: filtered and sorted by what the URL says, page after page as one scrolls, and live.
import { useCallback, useState } from "react";
import { useSearchParams } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { JobPageDocument } from "../generated/graphql";
import { PAGE_SIZE } from "../live/jobStore";
import { Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { useCell } from "../ui/useCell";
import { BulkBar } from "./BulkBar";
import { JobFilterBar } from "./JobFilterBar";
import styles from "./JobsPage.module.css";
import { sectionsOf } from "./jobSections";
import { JobTable } from "./JobTable";
import { parseView, writeView, type JobView } from "./jobView";
import { StatusFilter } from "./StatusFilter";
import { useOrganizationId } from "./useOrganizationId";

export function JobsPage() {
  const { jobs } = useWorkspace();
  const state = useCell(jobs.feed.state);
  const { view, change } = useJobView();
  const organization = useOrganizationId(view.organization);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const select = useCallback((ids: readonly string[], chosen: boolean) => setSelected((before) => withMembers(before, ids, chosen)), []);
  return (
    <div className={styles.page}>
      <PageHead title="Jobs" query={{ operation: JobPageDocument, variables: firstPage(view, organization.id) }} />
      <JobFilterBar view={view} onChange={change} />
      <StatusFilter view={view} organizationId={organization.id} onChange={change} />
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
      <BulkBar selected={selected} onClear={() => setSelected(new Set())} />
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
  const change = useCallback(
    (changes: Partial<JobView>) => {
      const next = writeView(search, { ...parseView(search), ...changes });
      setParameters(next, { replace: "text" in changes || "model" in changes });
    },
    [search, setParameters],
  );
  return { view: parseView(search), change };
}

function withMembers(before: ReadonlySet<string>, ids: readonly string[], members: boolean): ReadonlySet<string> {
  const after = new Set(before);
  for (const id of ids) {
    if (members) after.add(id);
    else after.delete(id);
  }
  return after;
}
