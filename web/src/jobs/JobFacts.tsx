// What was asked for, and what it got.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { quoted } from "../submit/snippets";
import { gpuPath } from "../fleet/fleetPaths";
import { CopyButton } from "../ui/CopyButton";
import { formatDuration, shortGpuType, UNKNOWN } from "../ui/format";
import { Facts, Panel } from "../ui/Panel";
import { RelativeTime } from "../ui/time";
import styles from "./JobFacts.module.css";
import { jobPath } from "./jobPath";
import { isLoan } from "./jobText";
import type { Detail } from "./useJobDetail";

type Row = readonly [string, ReactNode];

export function JobFacts({ job }: { readonly job: Detail }) {
  return (
    <div className={styles.column}>
      <Panel title="GPUs">
        <AssignedGpus job={job} />
      </Panel>
      <Panel title="Asked for">
        <Facts rows={requirementRows(job)} />
      </Panel>
      <Panel title="Job">
        <Facts rows={jobRows(job)} />
      </Panel>
      <Panel title="Command" aside={job.command !== null && <CopyButton text={commandText(job.command)} what="the command" />}>
        <Command job={job} />
      </Panel>
    </div>
  );
}

function AssignedGpus({ job }: { readonly job: Detail }) {
  if (job.gpus.length === 0) return <p className={styles.muted}>None now.</p>;
  return (
    <ul className={styles.list} aria-label="Assigned GPUs">
      {job.gpus.map((gpu) => (
        <li key={gpu.id}>
          <Link href={gpuPath(gpu.id)}>
            {gpu.host.name}:{gpu.index}
          </Link>{" "}
          <span className={styles.muted}>{shortGpuType(gpu.gpuType)}</span>
        </li>
      ))}
    </ul>
  );
}

function requirementRows({ requirements }: Detail): readonly Row[] {
  const { count, milli, gpuTypes, minMemoryGb, singleHost, cpus, memoryGb, labels } = requirements;
  const rows: Row[] = [
    ["GPUs", milli < 1000 ? `${milli / 10} % of one` : count],
    ["Type", gpuTypes.length === 0 ? "any" : gpuTypes.join(" or ")],
    ["Memory", minMemoryGb === null ? "any" : `${minMemoryGb} GB or more`],
  ];
  if (count > 1) rows.push(["Hosts", singleHost ? "all on one host" : "may spread over hosts"]);
  if (cpus !== null) rows.push(["CPU cores", cpus]);
  if (memoryGb !== null) rows.push(["Host memory", `${memoryGb} GB`]);
  if (labels.length > 0) rows.push(["Host labels", <Labels key="labels" labels={labels} />]);
  return rows;
}

function jobRows(job: Detail): readonly Row[] {
  const rows: Row[] = [
    ["Model type", job.modelType ?? UNKNOWN],
    ["Priority", job.priority],
    ["Attempt", `${job.attempt} of ${Math.max(job.attempt, job.maxRetries + 1)}`],
    ...(job.maxRetries > 0 ? [["Rests before a retry", formatDuration(job.retryPauseSeconds * 1000)] as const] : []),
    ["Time limit", job.timeLimitSeconds === null ? "none" : formatDuration(job.timeLimitSeconds * 1000)],
    ["Exit code", job.exitCode ?? UNKNOWN],
    ...(job.idleWarning === null ? [] : [["Idle", <Idle key="idle" since={job.idleSince} warning={job.idleWarning} />] as const]),
    ["Organization", job.organization.name],
    ["Submitted by", <Link key="by" href={`/jobs?${new URLSearchParams({ by: job.submittedBy }).toString()}`}>{job.submittedBy}</Link>],
    ["Submitted", <RelativeTime key="submitted" at={job.submittedAt} />],
  ];
  if (job.retryOf !== null) rows.push(["Retry of", <Link key="retry" href={jobPath(job.retryOf.id)}>{job.retryOf.name}</Link>]);
  if (job.dependsOn.length > 0) rows.push(["Depends on", <Dependencies key="dependencies" job={job} />]);
  if (job.labels.length > 0) rows.push(["Labels", <Labels key="labels" labels={job.labels} />]);
  if (job.image !== null) rows.push(["Image", <code key="image">{job.image}</code>]);
  if (job.workdir !== null) rows.push(["Folder", <code key="workdir">{job.workdir}</code>]);
  if (job.envNames.length > 0) rows.push(["Environment", <code key="env">{job.envNames.join(" ")}</code>]);
  rows.push(["Id", <code key="id">{job.id}</code>]);
  return rows;
}

const THEN: Readonly<Record<NonNullable<Detail["idleWarning"]>["action"], string>> = {
  NOTHING: "nothing follows",
  NOTIFY: "its history tells of it again",
  STOP: "it is stopped and, the first two times, waits again",
};

function Idle({ since, warning }: { readonly since: string | null; readonly warning: NonNullable<Detail["idleWarning"]> }) {
  return (
    <>
      its GPUs were not used {since !== null && <>since <RelativeTime at={since} /></>}; unless they are, {THEN[warning.action]} <RelativeTime at={warning.actsAt} />
    </>
  );
}

function Dependencies({ job }: { readonly job: Detail }) {
  return (
    <ul>
      {job.dependsOn.map(({ id, name }) => (
        <li key={id}>
          <Link href={jobPath(id)}>{name}</Link>
        </li>
      ))}
    </ul>
  );
}

function Labels({ labels }: { readonly labels: Detail["labels"] }) {
  return <code>{labels.map(({ key, value }) => `${key}=${value}`).join(" ")}</code>;
}

function Command({ job }: { readonly job: Detail }) {
  if (isLoan(job) || job.command === null) return <p className={styles.muted}>None: the GPUs are lent until released.</p>;
  return <pre className={styles.command}>{commandText(job.command)}</pre>;
}

/** What a shell runs is shown as it was written. */
function commandText(command: readonly string[]): string {
  const [program, flag, line] = command;
  return program === "/bin/sh" && flag === "-c" && command.length === 3 && line !== undefined ? line : command.map(quoted).join(" ");
}
