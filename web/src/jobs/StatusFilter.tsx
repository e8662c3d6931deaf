// How many jobs are in which status; pressing one shows only those. The choice stands in the URL.
import { Button } from "../ui/Button";
import { formatCount, UNKNOWN } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import { ALL_STATUSES, presentJob } from "./jobStatus";
import { type JobView, toggled } from "./jobView";
import type { StatusCounts } from "./statusCounts";
import styles from "./StatusFilter.module.css";

interface Props {
  readonly view: JobView;
  readonly counts: StatusCounts | undefined;
  readonly onChange: (changes: Partial<JobView>) => void;
}

export function StatusFilter({ view, counts, onChange }: Props) {
  return (
    <div className={styles.filter} role="group" aria-label="Show only jobs that are">
      {ALL_STATUSES.map((status) => (
        <button
          key={status}
          type="button"
          className={styles.choice}
          aria-pressed={view.statuses.includes(status)}
          onClick={() => onChange({ statuses: toggled(view.statuses, status) })}
        >
          <StatusMark presentation={presentJob(status)} status={status} />
          <span className={styles.count}>{counts === undefined ? UNKNOWN : formatCount(counts[status])}</span>
        </button>
      ))}
      {view.statuses.length > 0 && (
        <Button kind="quiet" onClick={() => onChange({ statuses: [] })}>
          Show all
        </Button>
      )}
    </div>
  );
}
