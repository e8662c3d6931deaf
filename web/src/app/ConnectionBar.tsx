// Said loudly once live updates have been away for three seconds: a shorter gap heals unnoticed.
import { Button } from "../ui/Button";
import { formatClock } from "../ui/format";
import { useClockText } from "../ui/time";
import { useCell } from "../ui/useCell";
import styles from "./ConnectionBar.module.css";
import { useWorkspace } from "./LiveContext";

const GRACE_MS = 3000;

export function ConnectionBar() {
  const { socket } = useWorkspace();
  const connection = useCell(socket.connection);
  const shown = useClockText((now) => (connection.phase === "waiting" && now - connection.since >= GRACE_MS ? "shown" : ""));
  if (connection.phase !== "waiting" || shown === "") return null;
  return (
    <div className={styles.bar} role="status">
      <span>
        Live updates stopped at {formatClock(connection.since)}. What you see is from then; nothing is lost, the page catches up by itself.
      </span>
      <Button onClick={socket.retryNow}>Reconnect now</Button>
    </div>
  );
}
