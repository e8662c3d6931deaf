// How many jobs are in which status; pressing one shows only those. The choice stands in the URL.
import { useEffect } from "react";
import { useSearchParams } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import type { JobStatus } from "../generated/graphql";
import { Button } from "../ui/Button";
import { UNKNOWN } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { useCell } from "../ui/useCell";
import { toggled, withStatusFilter } from "./jobFilter";
import { ALL_STATUSES, presentJob } from "./jobStatus";
import styles from "./StatusFilter.module.css";

export function StatusFilter({ chosen }: { readonly chosen: readonly JobStatus[] }) {
  const { jobs } = useWorkspace();
  const counts = useCell(jobs.counts);
  useEffect(() => jobs.watchCounts(), [jobs]);
  const [parameters, setParameters] = useSearchParams();
  const choose = (statuses: readonly JobStatus[]): void => {
    setParameters(withStatusFilter(parameters.toString(), statuses));
  };
  return (
    <div className={styles.filter} role="group" aria-label="Show only jobs that are">
      {ALL_STATUSES.map((status) => (
        <button
          key={status}
          type="button"
          className={styles.choice}
          aria-pressed={chosen.includes(status)}
          onClick={() => choose(toggled(chosen, status))}
        >
          <StatusMark presentation={presentJob(status)} status={status} />
          <span className={styles.count}>{counts?.[status].toLocaleString("en") ?? UNKNOWN}</span>
        </button>
      ))}
      {chosen.length > 0 && (
        <Button kind="quiet" onClick={() => choose([])}>
          Show all
        </Button>
      )}
    </div>
  );
}
