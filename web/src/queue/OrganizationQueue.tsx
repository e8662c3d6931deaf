// One organization's share of the fleet, and its waiting jobs in the order of their places.
import { useEffect, useMemo } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import type { JobQuery } from "../jobs/jobList";
import { jobPath } from "../jobs/jobPath";
import { gpuWish } from "../jobs/jobText";
import { startEstimate } from "../jobs/startEstimate";
import { toOrder } from "../jobs/jobView";
import { useFreshReasons } from "../jobs/useFreshReasons";
import { type Job, PAGE_SIZE } from "../live/jobStore";
import type { Organization } from "../live/organizationStore";
import { idlePolicyWords } from "../organizations/idlePolicy";
import { plural, UNKNOWN } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Duration } from "../ui/time";
import { useCell, useRevision } from "../ui/useCell";
import styles from "./OrganizationQueue.module.css";
import { ShareBar } from "./ShareBar";
import { inTheirPlaces } from "./places";
import { shareOf } from "./share";

const SHOWN = 10;

export function OrganizationQueue({ organization, scale }: { readonly organization: Organization; readonly scale: number }) {
  const { name, slug, usage, weight, idlePolicy } = organization;
  const waiting = useWaiting(organization.id);
  const shown = waiting.slice(0, SHOWN);
  useFreshReasons(useMemo(() => waiting.slice(0, SHOWN).map(({ id }) => id), [waiting]));
  const counts = `${plural(usage.runningJobs, "job")} running, ${usage.queuedJobs.toLocaleString("en")} waiting, weight ${weight}`;
  return (
    <Panel title={<Link href={`/queue/${encodeURIComponent(slug)}`}>{name}</Link>} aside={counts}>
      <ShareBar share={shareOf(organization)} scale={scale} idle={idlePolicyWords(idlePolicy)} />
      {shown.length === 0 ? (
        <p className={styles.none}>Nothing waits.</p>
      ) : (
        <ol className={styles.jobs} aria-label={`Waiting jobs of ${name}`}>
          {shown.map((job, index) => (
            <WaitingJob key={job.id} job={job} next={index === 0} />
          ))}
        </ol>
      )}
      {usage.queuedJobs > shown.length && (
        <p className={styles.none}>
          <Link href={`/jobs?state=QUEUED,HELD&org=${encodeURIComponent(slug)}&sort=priority`}>All {usage.queuedJobs.toLocaleString("en")} waiting jobs</Link>
        </p>
      )}
    </Panel>
  );
}

function WaitingJob({ job, next }: { readonly job: Job; readonly next: boolean }) {
  const { pending } = job;
  const estimate = pending === null ? "" : startEstimate(pending);
  return (
    <li className={styles.job}>
      <span className={styles.place} title="Place in the queue">
        {pending === null ? UNKNOWN : pending.position + 1}
      </span>
      <span className={styles.name}>
        <Link href={jobPath(job.id)} dir="auto">
          {job.name}
        </Link>
        {next && <span className={styles.next}>next</span>}
        <span className={styles.muted}>
          {gpuWish(job)} · priority {job.priority}
        </span>
      </span>
      <ul className={styles.reason} aria-label={`Why ${job.name} waits`}>
        {pending?.blockers.map(({ code, message }) => <li key={`${code} ${message}`}>{message}</li>)}
      </ul>
      <span className={styles.time}>
        {estimate === "" ? "waits " : `starts ${estimate}, waits `}
        <Duration from={Date.parse(job.submittedAt)} until={undefined} />
      </span>
    </li>
  );
}

/** Live: the store hears of every change, and the first page is asked for once. */
function useWaiting(organizationId: string): readonly Job[] {
  const { jobs } = useWorkspace();
  const query = useMemo<JobQuery>(() => ({ filter: { status: ["QUEUED"], organizationId }, order: toOrder("priority") }), [organizationId]);
  const list = jobs.list(query);
  const places = useCell(list.revision);
  const revision = useRevision(jobs.jobs);
  useEffect(() => jobs.watchList(query), [jobs, query]);
  useEffect(() => {
    // A failure leaves the list as it is; the panel's counts still tell how many wait.
    if (!list.begun) void jobs.loadMore(query).catch(() => undefined);
  }, [jobs, query, list]);
  return useMemo(() => {
    void [places, revision];
    const first = Array.from({ length: Math.min(list.length, PAGE_SIZE) }, (_, index) => jobs.jobs.get(list.at(index) ?? ""));
    return inTheirPlaces(first.filter((job) => job !== undefined));
  }, [jobs, list, places, revision]);
}
