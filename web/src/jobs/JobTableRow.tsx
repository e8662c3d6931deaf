// One job in a list. It renders again only when this job changes.
import { memo } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import type { Job } from "../live/jobStore";
import { plural, shortId } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { Duration, RelativeTime } from "../ui/time";
import { useEntity } from "../ui/useCell";
import { CancelButton } from "./CancelButton";
import { jobPath } from "./jobPath";
import { isCancellable, presentJob } from "./jobStatus";
import styles from "./JobTable.module.css";
import { gpuWish, isLoan, jobNews } from "./jobText";
import { mainSpan } from "./jobTimes";
import { JobUse } from "./JobUse";
import { startEstimate } from "./startEstimate";
import { TimeLeft } from "./TimeLeft";

interface Props {
  readonly id: string;
  readonly index: number;
  readonly measure: (element: Element | null) => void;
  readonly selected: boolean;
  readonly onSelect: (ids: readonly string[], chosen: boolean) => void;
}

export const JobTableRow = memo(function JobTableRow({ id, index, measure, selected, onSelect }: Props) {
  const { jobs, viewer } = useWorkspace();
  const job = useEntity(jobs.jobs, id);
  if (job === undefined) return <Forgotten index={index} measure={measure} />;
  const { word, span } = mainSpan(job);
  const about = [shortId(job.id), viewer.role === "OPERATOR" ? job.organization.slug : null, job.modelType, isLoan(job) ? "loan" : null];
  return (
    <tr ref={measure} data-index={index} data-id={id} data-selected={selected}>
      <td className={styles.select}>
        <input type="checkbox" aria-label={`Select ${job.name}`} checked={selected} onChange={(event) => onSelect([id], event.target.checked)} />
      </td>
      <td className={styles.status}>
        <StatusMark presentation={presentJob(job.status)} status={job.status} />
      </td>
      <td className={styles.job}>
        <Link href={jobPath(job.id)} className={styles.name} dir="auto">
          {job.name}
        </Link>
        <div className={styles.secondary}>{about.filter((part) => part !== null).join(" · ")}</div>
      </td>
      <td className={styles.wish}>{gpuWish(job)}</td>
      <td className={styles.where}>
        {jobNews(job)}
        {job.pending !== null && <Place pending={job.pending} />}
        {job.status === "RUNNING" && <JobUse gpuIds={job.gpus.map((gpu) => gpu.id)} />}
      </td>
      <td className={`${styles.number} ${styles.priority}`}>{job.priority}</td>
      <td className={`${styles.number} ${styles.submitted}`}>
        <RelativeTime at={job.submittedAt} />
      </td>
      <td className={`${styles.number} ${styles.time}`}>
        <span className={styles.secondary}>{word}</span> <Duration from={span.from} until={span.until} />
        <div className={styles.secondary}>
          <TimeLeft job={job} />
        </div>
      </td>
      <td className={styles.actions}>{isCancellable(job.status) && <CancelButton job={job} label={`Cancel job ${job.name}`} quiet />}</td>
    </tr>
  );
});

/** It stands in the list, and is being asked for. */
function Forgotten({ index, measure }: Pick<Props, "index" | "measure">) {
  return (
    <tr ref={measure} data-index={index} className={styles.forgotten} aria-busy="true">
      <td colSpan={9}>
        <span className="visually-hidden">Loading</span>
      </td>
    </tr>
  );
}

function Place({ pending }: { readonly pending: NonNullable<Job["pending"]> }) {
  const place = pending.position === 0 ? "first in its queue" : `${plural(pending.position, "job")} ahead`;
  const estimate = startEstimate(pending);
  return <div className={styles.secondary}>{estimate === "" ? place : `${place}, starts ${estimate}`}</div>;
}
