// What wants somebody's attention, in words, below the picture of everything.
import { useMemo } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { plural } from "../ui/format";
import { Panel } from "../ui/Panel";
import { StatusMark } from "../ui/StatusMark";
import { RelativeTime } from "../ui/time";
import { useCell } from "../ui/useCell";
import { gpuPath, hostPath } from "./fleetPaths";
import { gpuStateNow } from "./gpuNow";
import type { HostGroup } from "./hostGroups";
import { type Trouble, troubleName, troubles } from "./trouble";
import styles from "./TroubleList.module.css";

const SHOWN = 6;

export function TroubleList({ groups }: { readonly groups: readonly HostGroup[] }) {
  const { fleet } = useWorkspace();
  const readings = useCell(fleet.readingRevision);
  const all = useMemo(() => {
    void readings;
    return troubles(groups, (id) => gpuStateNow(fleet, id));
  }, [groups, fleet, readings]);
  if (all.length === 0) return null;
  return (
    <Panel title="Wants attention" aside={all.length > SHOWN ? `the first ${SHOWN} of ${plural(all.length, "line")}` : undefined}>
      <ul className={styles.list}>
        {all.slice(0, SHOWN).map((trouble) => (
          <Line key={trouble.key} trouble={trouble} />
        ))}
      </ul>
    </Panel>
  );
}

function Line({ trouble }: { readonly trouble: Trouble }) {
  const { host, gpus, presentation, text } = trouble;
  const [only, ...others] = gpus;
  const path = only !== undefined && others.length === 0 ? gpuPath(only.id) : hostPath(host.id);
  return (
    <li className={styles.line}>
      <StatusMark presentation={presentation} status={presentation.word} />
      <Link href={path} className={styles.name} dir="auto">
        {troubleName(trouble)}
      </Link>
      <span className={styles.text}>
        {text}
        {host.status === "DOWN" && host.lastHeartbeatAt !== null && (
          <>
            , last seen <RelativeTime at={host.lastHeartbeatAt} />
          </>
        )}
      </span>
    </li>
  );
}
