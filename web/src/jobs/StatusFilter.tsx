// How many jobs are in which status; pressing one shows only those. The choice stands in the URL.
import { useEffect, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { JobCountsDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { formatCount, UNKNOWN } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { useCell } from "../ui/useCell";
import { ALL_STATUSES, presentJob } from "./jobStatus";
import { hasWords, type JobView, toFilter, toggled } from "./jobView";
import { type StatusCounts, statusCounts } from "./statusCounts";
import styles from "./StatusFilter.module.css";

interface Props {
  readonly view: JobView;
  readonly organizationId: string | undefined;
  readonly onChange: (changes: Partial<JobView>) => void;
}

export function StatusFilter({ view, organizationId, onChange }: Props) {
  const { jobs } = useWorkspace();
  const everyJob = useCell(jobs.counts);
  useEffect(() => jobs.watchCounts(), [jobs]);
  const narrowed = useNarrowedCounts(view, organizationId);
  const counts = hasWords(view) ? narrowed : everyJob;
  return (
    <div className={styles.filter} role="group" aria-label="Show only jobs that are">
      {ALL_STATUSES.map((status) => (
        <button
          key={status}
          type="button"
          className={styles.choice}
          aria-pressed={view.statuses.includes(status)}
          onClick={() => onChange({ statuses: toggled(view.statuses, status) })}
        >
          <StatusMark presentation={presentJob(status)} status={status} />
          <span className={styles.count}>{counts === undefined ? UNKNOWN : formatCount(counts[status])}</span>
        </button>
      ))}
      {view.statuses.length > 0 && (
        <Button kind="quiet" onClick={() => onChange({ statuses: [] })}>
          Show all
        </Button>
      )}
    </div>
  );
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
      const { nameContains, modelType, organizationId: organization, labels } = JSON.parse(key) as ReturnType<typeof toFilter>;
      const variables = { name: nameContains ?? null, model: modelType ?? null, organization: organization ?? null, labels: labels ?? null };
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
