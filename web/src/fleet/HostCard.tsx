// One host and its GPUs.
import { Link } from "wouter";
import { StatusMark } from "../ui/StatusMark";
import { RelativeTime } from "../ui/time";
import { hostPath } from "./fleetPaths";
import { GpuCell } from "./GpuCell";
import { presentHost } from "./gpuState";
import styles from "./HostCard.module.css";
import type { HostGroup } from "./hostGroups";

interface Props {
  readonly group: HostGroup;
  readonly chosen: string | undefined;
  readonly onChoose: (gpuId: string | undefined) => void;
}

export function HostCard({ group, chosen, onChoose }: Props) {
  const { host, gpus, busy, models } = group;
  return (
    <section className={styles.host} aria-label={`Host ${host.name}`}>
      <header className={styles.head}>
        <h2 className={styles.name} dir="auto">
          <Link href={hostPath(host.id)}>{host.name}</Link>
        </h2>
        <StatusMark presentation={presentHost(host.status)} status={host.status} />
        <span className={styles.muted}>{models}</span>
        {host.organization !== null && <span className={styles.muted}>only for {host.organization.slug}</span>}
        {host.statusReason !== null && <span className={styles.muted}>{host.statusReason}</span>}
        {host.status === "DOWN" && host.lastHeartbeatAt !== null && (
          <span className={styles.muted}>
            last seen <RelativeTime at={host.lastHeartbeatAt} />
          </span>
        )}
        <span className={styles.busy}>
          {busy} of {gpus.length} busy
        </span>
      </header>
      <ul className={styles.cells} aria-label={`GPUs of ${host.name}`}>
        {gpus.map((gpu) => (
          <GpuCell key={gpu.id} id={gpu.id} hostName={host.name} chosen={gpu.id === chosen} onChoose={onChoose} />
        ))}
      </ul>
    </section>
  );
}
