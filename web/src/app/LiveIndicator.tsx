// Whether the page shows the present. The word changes with the state, not only the colour.
import { formatClock } from "../ui/format";
import { useClockText } from "../ui/time";
import { useCell } from "../ui/useCell";
import { useWorkspace } from "./LiveContext";
import styles from "./LiveIndicator.module.css";

export function LiveIndicator() {
  const connection = useCell(useWorkspace().socket.connection);
  const text = useClockText((now) => {
    switch (connection.phase) {
      case "live":
        return "LIVE";
      case "connecting":
        return "Connecting";
      case "waiting":
        return `Reconnecting in ${Math.max(0, Math.ceil((connection.retryAt - now) / 1000))} s`;
      case "closed":
        return "Stopped";
    }
  });
  const title = connection.phase === "waiting" ? `Live updates stopped at ${formatClock(connection.since)}` : "Changes appear by themselves";
  return (
    <span className={styles.indicator} data-phase={connection.phase} title={title}>
      <span className={styles.dot} aria-hidden="true" />
      {text}
    </span>
  );
}
