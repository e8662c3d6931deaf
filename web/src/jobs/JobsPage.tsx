// The organization's jobs: those that still hold or want GPUs first, then those that have ended.
import { useSearchParams } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { Failure, Loading } from "../ui/Notice";
import { useCell } from "../ui/useCell";
import { parseStatusFilter } from "./jobFilter";
import styles from "./JobsPage.module.css";
import { ACTIVE_STATUSES, FINISHED_STATUSES } from "./jobStatus";
import { JobTable } from "./JobTable";
import { StatusFilter } from "./StatusFilter";

export function JobsPage() {
  const { jobs } = useWorkspace();
  const state = useCell(jobs.feed.state);
  const [parameters] = useSearchParams();
  const chosen = parseStatusFilter(parameters.toString());
  const active = ACTIVE_STATUSES.filter((status) => chosen.length === 0 || chosen.includes(status));
  const finished = FINISHED_STATUSES.filter((status) => chosen.length === 0 || chosen.includes(status));
  return (
    <div className={styles.page}>
      <h1>Jobs</h1>
      <StatusFilter chosen={chosen} />
      {state.phase === "failed" && <Failure error={state.error} onRetry={jobs.feed.start} />}
      {state.phase === "loading" && <Loading what="the jobs" />}
      {state.phase === "ready" && (
        <>
          {active.length > 0 && <JobTable key={`active ${active.join()}`} title="Waiting and running" statuses={active} />}
          {finished.length > 0 && <JobTable key={`finished ${finished.join()}`} title="Ended" statuses={finished} />}
        </>
      )}
    </div>
  );
}
