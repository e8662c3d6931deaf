// How much a job uses what it holds: the mean over its GPUs, and how many of them it holds for nothing.
import { useCallback, useSyncExternalStore } from "react";
import { useWorkspace } from "../app/LiveContext";
import { useReadings } from "../fleet/useReadings";
import { formatPercent, plural } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Glyph } from "../ui/StatusMark";
import styles from "./JobUse.module.css";
import { gpuUse } from "./gpuUse";

export function JobUse({ gpuIds }: { readonly gpuIds: readonly string[] }) {
  const { fleet } = useWorkspace();
  useReadings(gpuIds);
  const look = useCallback(() => JSON.stringify(gpuUse(gpuIds.map((id) => fleet.reading(id).get()))), [fleet, gpuIds]);
  const { percent, idle } = JSON.parse(useSyncExternalStore(fleet.readingRevision.subscribe, look)) as ReturnType<typeof gpuUse>;
  return (
    <div className={styles.use}>
      <span className={styles.meter}>
        <Meter value={percent === null ? undefined : percent / 100} family="run" />
      </span>
      <span>{formatPercent(percent)}</span>
      {idle > 0 && (
        <span className={styles.idle}>
          <Glyph family="wait" shape="thickRing" /> {plural(idle, "GPU")} held idle
        </span>
      )}
    </div>
  );
}
