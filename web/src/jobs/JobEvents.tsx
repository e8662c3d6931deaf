// What happened to a job, oldest first, as the audit log has it.
import type { JobDetailQuery } from "../generated/graphql";
import { formatClock, formatInstant } from "../ui/format";
import { Panel } from "../ui/Panel";
import { StatusMark } from "../ui/StatusMark";
import styles from "./JobEvents.module.css";
import { presentJob } from "./jobStatus";

type Event = NonNullable<JobDetailQuery["job"]>["events"]["nodes"][number];

export function JobEvents({ events, more }: { readonly events: readonly Event[]; readonly more: boolean }) {
  return (
    <Panel title="Events" aside={more ? "the first 100" : undefined}>
      <ol className={styles.events}>
        {events.map((event) => (
          <li key={event.cursor} className={styles.event}>
            <time dateTime={event.at} title={formatInstant(event.at)} className={styles.muted}>
              {formatClock(event.at)}
            </time>
            <StatusMark presentation={presentJob(event.status)} status={event.status} />
            <span className={styles.message}>{event.message}</span>
            <span className={styles.muted}>
              {event.actor}
              {event.attempt > 1 && ` · attempt ${event.attempt}`}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
