// Whether the page shows the present, and the switch that keeps it still. The word changes with the state, not only the colour.
import { pause } from "../live/pause";
import { Button } from "../ui/Button";
import { formatClock } from "../ui/format";
import { useShortcuts } from "../ui/shortcuts";
import { useClockText } from "../ui/time";
import { useCell } from "../ui/useCell";
import { useWorkspace } from "./LiveContext";
import styles from "./LiveIndicator.module.css";

export function LiveIndicator() {
  const paused = useCell(pause.on);
  useShortcuts({ ".": pause.toggle });
  const name = paused ? "Resume live updates" : "Pause live updates";
  return (
    <>
      {paused ? <Paused /> : <Present />}
      <span className={styles.pause}>
        <Button kind="quiet" aria-label={name} title={`${name} (.)`} onClick={pause.toggle}>
          <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" fill="currentColor">
            {paused ? <path d="M4 2.5v11l9.5-5.5z" /> : <path d="M3.5 3h3v10h-3zM9.5 3h3v10h-3z" />}
          </svg>
        </Button>
      </span>
    </>
  );
}

function Paused() {
  return (
    <span className={styles.indicator} data-phase="paused" role="status" title="What changes meanwhile is shown when you resume">
      <span className={styles.dot} aria-hidden="true" />
      Paused {pause.since !== undefined && formatClock(pause.since)}
    </span>
  );
}

function Present() {
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
