// One job in a list. It renders again only when this job changes.
import { memo } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { shortId } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { Duration, RelativeTime } from "../ui/time";
import { useEntity } from "../ui/useCell";
import { CancelButton } from "./CancelButton";
import { jobPath } from "./jobPath";
import { isCancellable, presentJob } from "./jobStatus";
import styles from "./JobTable.module.css";
import { gpuWish, isLoan, jobNews } from "./jobText";
import { mainSpan } from "./jobTimes";

interface Props {
  readonly id: string;
  /** Jobs of several organizations stand together. */
  readonly nameOrganization: boolean;
}

export const JobTableRow = memo(function JobTableRow({ id, nameOrganization }: Props) {
  const job = useEntity(useWorkspace().jobs.jobs, id);
  if (job === undefined) return null;
  const { word, span } = mainSpan(job);
  const about = [shortId(job.id), nameOrganization ? job.organization.slug : null, job.modelType, isLoan(job) ? "loan" : null];
  return (
    <tr>
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
      <td className={styles.where}>{jobNews(job)}</td>
      <td className={`${styles.number} ${styles.priority}`}>{job.priority}</td>
      <td className={`${styles.number} ${styles.submitted}`}>
        <RelativeTime at={job.submittedAt} />
      </td>
      <td className={`${styles.number} ${styles.time}`}>
        <span className={styles.secondary}>{word}</span> <Duration from={span.from} until={span.until} />
      </td>
      <td className={styles.actions}>{isCancellable(job.status) && <CancelButton job={job} label={`Cancel job ${job.name}`} quiet />}</td>
    </tr>
  );
});
