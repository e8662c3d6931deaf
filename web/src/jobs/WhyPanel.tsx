// Why a job waits: everything that must change before it can start, with the numbers.
import { plural } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Glyph } from "../ui/StatusMark";
import { useClockText } from "../ui/time";
import type { Job } from "../live/jobStore";
import { formatClock, formatDuration } from "../ui/format";
import styles from "./WhyPanel.module.css";

export function WhyPanel({ job }: { readonly job: Job }) {
  const { pending } = job;
  if (pending === null) return null;
  return (
    <Panel title="Why it waits" aside={<Place position={pending.position} estimate={pending.estimatedStartAt} />}>
      <ul className={styles.blockers} aria-label="Blockers">
        {pending.blockers.map(({ code, message }) => (
          <li key={`${code} ${message}`} className={styles.blocker}>
            <Glyph family="wait" shape="clock" />
            <span className={styles.message}>{message}</span>
            <code className={styles.code}>{code}</code>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Place({ position, estimate }: { readonly position: number; readonly estimate: string | null }) {
  const until = useClockText((now) => (estimate === null ? "" : formatDuration(Date.parse(estimate) - now)));
  return (
    <>
      <span>{position === 0 ? "First in its queue" : `${plural(position, "job")} ahead of it`}</span>
      <span>{estimate === null ? "No estimate yet" : `Likely at ${formatClock(estimate)}, in ${until}`}</span>
    </>
  );
}
