// How many jobs of a view are in each status.
import { useEffect, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { JobCountsDocument } from "../generated/graphql";
import { useCell } from "../ui/useCell";
import { hasWords, type JobView, toFilter } from "./jobView";
import { type StatusCounts, statusCounts } from "./statusCounts";

/** Undefined: not known yet. */
export function useStatusCounts(view: JobView, organizationId: string | undefined): StatusCounts | undefined {
  const { jobs } = useWorkspace();
  const everyJob = useCell(jobs.counts);
  useEffect(() => jobs.watchCounts(), [jobs]);
  const narrowed = useNarrowedCounts(view, organizationId);
  return hasWords(view) ? narrowed : everyJob;
}

const SETTLES_MS = 300;

/** Of the jobs that pass the other filters; asked for anew whenever the counts of all jobs have moved. */
function useNarrowedCounts(view: JobView, organizationId: string | undefined): StatusCounts | undefined {
  const { api, jobs } = useWorkspace();
  const all = useCell(jobs.counts);
  const [counts, setCounts] = useState<StatusCounts>();
  const wanted = hasWords(view);
  const key = JSON.stringify(toFilter(view, [], organizationId));
  useEffect(() => {
    if (!wanted) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      const { nameContains, modelType, organizationId: organization, submittedBy, labels } = JSON.parse(key) as ReturnType<typeof toFilter>;
      const variables = { name: nameContains ?? null, model: modelType ?? null, organization: organization ?? null, by: submittedBy ?? null, labels: labels ?? null };
      api
        .query(JobCountsDocument, variables)
        .then((answer) => current && setCounts(statusCounts(answer)))
        .catch(() => current && setCounts(undefined));
    }, SETTLES_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [api, wanted, key, all]);
  return counts;
}
