// One list of jobs, page by page.
import { useCallback, useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import type { JobStatus } from "../generated/graphql";
import { PAGE_SIZE } from "../live/jobStore";
import { Button } from "../ui/Button";
import { Empty, Failure, Loading } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { useCell, useRevision } from "../ui/useCell";
import { listJobs } from "./jobList";
import { JobTableRow } from "./JobTableRow";
import styles from "./JobTable.module.css";

interface Props {
  readonly title: string;
  readonly statuses: readonly JobStatus[];
}

export function JobTable({ title, statuses }: Props) {
  const { jobs } = useWorkspace();
  const { ids, several, more, loaded, error, loadMore } = useJobList(statuses);
  return (
    <Panel title={title} flush>
      {error !== undefined && <Failure error={error} onRetry={loadMore} />}
      {!loaded && ids.length === 0 && error === undefined && <Loading what="jobs" />}
      {loaded && ids.length === 0 && <NoJobs all={jobs.jobs.size === 0} />}
      {ids.length > 0 && (
        <div className={styles.scroller}>
          <table className={styles.table} aria-label={title}>
            <thead>
              <tr>
                <th scope="col" className={styles.status}>Status</th>
                <th scope="col" className={styles.job}>Job</th>
                <th scope="col" className={styles.wish}>GPUs asked</th>
                <th scope="col" className={styles.where}>Where, or why</th>
                <th scope="col" className={`${styles.number} ${styles.priority}`}>Priority</th>
                <th scope="col" className={`${styles.number} ${styles.submitted}`}>Submitted</th>
                <th scope="col" className={`${styles.number} ${styles.time}`}>Time</th>
                <th scope="col" className={styles.actions}>
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {ids.map((id) => (
                <JobTableRow key={id} id={id} nameOrganization={several} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {more && (
        <div className={styles.more}>
          <Button onClick={loadMore}>Load more</Button>
        </div>
      )}
    </Panel>
  );
}

function NoJobs({ all }: { readonly all: boolean }) {
  if (!all) return <Empty title="None at the moment" />;
  return (
    <Empty title="No jobs yet">
      <Link href="/submit">Submit one</Link>, or in a terminal: <code>gpu-fleet run --gpus 1 -- python train.py</code>
    </Empty>
  );
}

/** The ids to show. At most as many rows as were asked for, whatever arrives live. */
function useJobList(statuses: readonly JobStatus[]) {
  const { jobs } = useWorkspace();
  const extentCell = jobs.extent(statuses);
  const extent = useCell(extentCell);
  const revision = useRevision(jobs.jobs);
  const [limit, setLimit] = useState(PAGE_SIZE);
  const [error, setError] = useState<ApiError>();
  const listed = useMemo(() => {
    void revision;
    return listJobs(jobs.jobs.values(), statuses, extent);
  }, [jobs, statuses, extent, revision]);
  const fetchPage = useCallback(() => {
    jobs
      .loadMore(statuses)
      .then(() => setError(undefined))
      .catch((failure: unknown) => setError(asApiError(failure)));
  }, [jobs, statuses]);
  useEffect(() => {
    if (extentCell.get() === undefined) fetchPage();
  }, [extentCell, fetchPage]);
  const loadMore = (): void => {
    if (error === undefined) setLimit(limit + PAGE_SIZE);
    if (error !== undefined || (listed.length < limit + PAGE_SIZE && extent?.endCursor !== null)) fetchPage();
  };
  return {
    ids: listed.slice(0, limit).map((job) => job.id),
    several: listed.some((job) => job.organization.id !== listed[0]?.organization.id),
    more: listed.length > limit || (extent !== undefined && extent.endCursor !== null),
    loaded: extent !== undefined,
    error,
    loadMore,
  };
}
