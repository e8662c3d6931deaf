// One job: where it stands and why, what it did, and its log as it is written.
import { Link } from "wouter";
import { listAddress } from "../app/listAddress";
import { useWorkspace } from "../app/LiveContext";
import { useThingKeys } from "../app/usePageKeys";
import { JobDetailDocument } from "../generated/graphql";
import { CopyButton } from "../ui/CopyButton";
import { shortId } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { QueryLink } from "../ui/QueryLink";
import { StatusMark } from "../ui/StatusMark";
import { useEntity } from "../ui/useCell";
import { useTitle } from "../ui/useTitle";
import type { Job } from "../live/jobStore";
import { Attempts } from "./Attempts";
import { JobActions } from "./JobActions";
import { JobCharts } from "./JobCharts";
import { JobEvents } from "./JobEvents";
import { JobFacts } from "./JobFacts";
import { JobLog } from "./JobLog";
import styles from "./JobPage.module.css";
import { isWaiting, presentJob } from "./jobStatus";
import { isHeldBack, isLoan, jobSentence } from "./jobText";
import { type Detail, useJobDetail } from "./useJobDetail";
import { TimeLeft } from "./TimeLeft";
import { Timeline } from "./Timeline";
import { WhyPanel } from "./WhyPanel";

export function JobPage({ id }: { readonly id: string }) {
  const live = useEntity(useWorkspace().jobs.jobs, id);
  const { detail, error, missing, reload } = useJobDetail(id, live);
  if (missing) {
    return (
      <Empty page title="No such job">
        It does not exist, or it belongs to another organization. <Link href="/jobs">All jobs</Link>
      </Empty>
    );
  }
  if (error !== undefined && detail === undefined) return <Failure error={error} onRetry={reload} />;
  if (detail === undefined) return <Loading what="the job" />;
  // The live row is never older than the detail, and changes first.
  const job: Detail = live !== undefined && live.version > detail.version ? { ...detail, ...live, requirements: detail.requirements, labels: detail.labels, pending: withKnown(live.pending, detail.pending) } : detail;
  return <JobContent job={job} />;
}

function JobContent({ job }: { readonly job: Detail }) {
  useThingKeys("job", job.id, "/jobs");
  useTitle(`${job.name}, ${presentJob(job.status).word.toLowerCase()}`);
  return (
    <article className={styles.page} aria-label={`Job ${job.name}`}>
      <header className={styles.head}>
        <div className={styles.title}>
          <p className={styles.path}>
            <Link href={listAddress("/jobs")}>Jobs</Link> / <code title={job.id}>{shortId(job.id)}</code> <CopyButton text={job.id} what="the job's id" label="Copy id" />{" "}
            <QueryLink operation={JobDetailDocument} variables={{ id: job.id }} />
          </p>
          <h1 dir="auto">{job.name}</h1>
          <p className={styles.sentence}>
            <strong role="status" aria-label="Job status">
              <StatusMark presentation={presentJob(job.status)} status={job.status} />
            </strong>
            <span>{jobSentence(job)}</span>
            <TimeLeft job={job} />
          </p>
        </div>
        <JobActions job={job} held={isHeldBack(job)} />
      </header>
      {isWaiting(job.status) && <WhyPanel job={job} />}
      <Panel title="Timeline">
        <Timeline job={job} />
      </Panel>
      <div className={styles.columns}>
        <div className={styles.main}>
          {isLoan(job) ? (
            <Panel title="Log">
              <p className={styles.muted}>A loan runs no command, so it has no log.</p>
            </Panel>
          ) : (
            <JobLog jobId={job.id} name={job.name} attempts={job.attempt} />
          )}
          <JobCharts job={job} />
          <Attempts job={job} />
          <JobEvents events={job.events.nodes} more={job.events.pageInfo.hasNextPage} />
        </div>
        <JobFacts job={job} />
      </div>
    </article>
  );
}

/** A row tells less of why a job waits: what the detail has beside it stays until it is asked for anew. */
function withKnown(row: Job["pending"], detail: Detail["pending"]): Detail["pending"] {
  return row === null ? null : { suggestions: [], estimateQuality: null, ...detail, ...row };
}
