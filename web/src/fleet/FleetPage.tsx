// Every GPU as a cell, grouped by host.
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { Empty, Failure, Loading } from "../ui/Notice";
import { useCell, useRevision } from "../ui/useCell";
import styles from "./FleetPage.module.css";
import { GpuPanel } from "./GpuPanel";
import { groupByHost } from "./hostGroups";
import { HostCard } from "./HostCard";
import { Legend } from "./Legend";
import { useReadings } from "./useReadings";

/** Above this many GPUs a cell shows its level and glyph only. */
const MOST_DETAILED = 64;

export function FleetPage() {
  const { fleet } = useWorkspace();
  const state = useCell(fleet.feed.state);
  const revision = useRevision(fleet.gpus);
  const hostRevision = useRevision(fleet.hosts);
  const groups = useMemo(() => {
    void [revision, hostRevision];
    return groupByHost(fleet.gpus.values(), fleet.hosts.values());
  }, [fleet, revision, hostRevision]);
  useReadings(useMemo(() => groups.flatMap((group) => group.gpus.map((gpu) => gpu.id)), [groups]));
  return (
    <div className={styles.page}>
      <div className={styles.top}>
        <h1>Fleet</h1>
        <Legend />
      </div>
      {state.phase === "failed" && <Failure error={state.error} onRetry={fleet.feed.start} />}
      {state.phase === "loading" && groups.length === 0 && <Loading what="the GPUs" />}
      {state.phase === "ready" && groups.length === 0 && (
        <Empty title="No GPU has joined yet">
          Start an agent on a machine with GPUs: <code>gpu-fleet agent --server URL --join-token-file FILE</code>
        </Empty>
      )}
      <Hosts groups={groups} compact={fleet.gpus.size > MOST_DETAILED} />
    </div>
  );
}

function Hosts({ groups, compact }: { readonly groups: ReturnType<typeof groupByHost>; readonly compact: boolean }) {
  const [parameters, setParameters] = useSearchParams();
  const chosen = parameters.get("gpu") ?? undefined;
  const choose = (id: string | undefined): void => {
    setParameters(
      (now) => {
        if (id === undefined) now.delete("gpu");
        else now.set("gpu", id);
        return now;
      },
      { replace: true },
    );
  };
  return (
    <div className={styles.columns} data-open={chosen !== undefined}>
      <div className={compact ? styles.compactHosts : styles.hosts}>
        {groups.map((group) => (
          <HostCard key={group.host.id} group={group} compact={compact} chosen={chosen} onChoose={choose} />
        ))}
      </div>
      {chosen !== undefined && <GpuPanel key={chosen} id={chosen} onClose={() => choose(undefined)} />}
    </div>
  );
}
