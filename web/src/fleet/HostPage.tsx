// One host: its GPUs, what runs on it, what they told over time, and for operators the way to take it out of service.
import { useMemo } from "react";
import { Link } from "wouter";
import { listAddress } from "../app/listAddress";
import { useWorkspace } from "../app/LiveContext";
import { useThingKeys } from "../app/usePageKeys";
import { GpuCharts } from "../charts/GpuCharts";
import { RangeChoice, useRange } from "../charts/RangeChoice";
import { HostDetailDocument } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import { formatMemory, plural, UNKNOWN } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { Facts, Panel } from "../ui/Panel";
import { StatusMark } from "../ui/StatusMark";
import { RelativeTime } from "../ui/time";
import { useEntity, useRevision } from "../ui/useCell";
import { DrainButton } from "./DrainDialog";
import { EditHostButton } from "./EditHostDialog";
import styles from "./GpuPage.module.css";
import { GpuTable } from "./GpuTable";
import { presentHost } from "./gpuState";
import { groupByHost, type HostGroup } from "./hostGroups";
import { type HostFacts, useHostDetail } from "./useHostDetail";
import { useReadings } from "./useReadings";

export function HostPage({ id }: { readonly id: string }) {
  const { fleet } = useWorkspace();
  const live = useEntity(fleet.hosts, id);
  const { host, missing, error, take } = useHostDetail(id, live);
  const { range, span, choose } = useRange();
  const group = useGroup(id);
  const gpus = group?.gpus ?? [];
  useThingKeys("host", id, "/fleet");
  useReadings(gpus.map((gpu) => gpu.id));
  if (missing) return <NoHost />;
  if (host === undefined) return error === undefined ? <Loading what="the host" /> : <Failure error={error} />;
  return (
    <article className={styles.page} aria-label={`Host ${host.name}`}>
      <p className={styles.path}>
        <Link href={listAddress("/fleet")}>Fleet</Link> / {host.name}
      </p>
      <PageHead title={host.name} query={{ operation: HostDetailDocument, variables: { id } }}>
        <strong role="status" aria-label="Host status">
          <StatusMark presentation={presentHost(host.status)} status={host.status} />
        </strong>
        <EditHostButton host={host} onChanged={take} />
        <DrainButton host={host} onChanged={take} />
      </PageHead>
      {error !== undefined && <Failure error={error} />}
      {group !== undefined && <GpuTable groups={[group]} />}
      <div className={styles.columns}>
        <Panel title="History of its GPUs" aside={<RangeChoice range={range} onChoose={choose} />}>
          <GpuCharts
            key={range}
            gpus={gpus.map((gpu) => ({ id: gpu.id, name: `${host.name}:${gpu.index}` }))}
            span={span}
            metrics={["utilization", "memory", "temperature", "power"]}
          />
        </Panel>
        <div className={styles.side}>
          <Panel title="Host">
            <Facts rows={hostRows(host)} />
          </Panel>
          <Panel title="Jobs on it">{group === undefined ? UNKNOWN : <JobsOn group={group} />}</Panel>
          {host.warnings.length > 0 && (
            <Panel title="Its agent says">
              <ul>
                {host.warnings.map((warning) => (
                  <li key={warning}>{warning}</li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
    </article>
  );
}

function hostRows(host: HostFacts) {
  const { labels } = host;
  return [
    ["Why", host.statusReason ?? UNKNOWN],
    ["Last heard of", host.lastHeartbeatAt === null ? UNKNOWN : <RelativeTime key="heard" at={host.lastHeartbeatAt} />],
    ["Serves", host.organization === null ? "every organization" : host.organization.name],
    ["CPU cores", host.cpus],
    ["Memory", formatMemory(host.memoryMib)],
    ["Labels", labels.length === 0 ? "none" : <code key="labels">{labels.map(({ key, value }) => `${key}=${value}`).join(" ")}</code>],
    ["Containment", host.containment ?? UNKNOWN],
    ["Containers", host.containerRuntime ?? "none: jobs with an image go elsewhere"],
    ["Agent", host.agentVersion ?? UNKNOWN],
  ] as const;
}

function JobsOn({ group }: { readonly group: HostGroup }) {
  const jobs = new Map(group.gpus.flatMap((gpu) => gpu.allocations.map(({ job }) => [job.id, job] as const)));
  if (jobs.size === 0) return <p className={styles.muted}>None that you may see.</p>;
  const held = (jobId: string): number => group.gpus.filter((gpu) => gpu.allocations.some(({ job }) => job.id === jobId)).length;
  return (
    <ul>
      {[...jobs.values()].map((job) => (
        <li key={job.id}>
          <Link href={jobPath(job.id)}>{job.name}</Link>{" "}
          <span className={styles.muted}>
            {job.organization.slug} · {plural(held(job.id), "GPU")}
          </span>
        </li>
      ))}
    </ul>
  );
}

function useGroup(hostId: string): HostGroup | undefined {
  const { fleet } = useWorkspace();
  const revision = useRevision(fleet.gpus);
  const host = useEntity(fleet.hosts, hostId);
  return useMemo(() => {
    void revision;
    if (host === undefined) return undefined;
    return groupByHost(fleet.gpus.values().filter((gpu) => gpu.hostId === hostId), [host])[0];
  }, [fleet, revision, host, hostId]);
}

function NoHost() {
  return (
    <Empty page title="No such host">
      It left the fleet, or it serves another organization alone. <Link href="/fleet">The fleet</Link>
    </Empty>
  );
}
