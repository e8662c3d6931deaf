// When a waiting job starts, in the words of what is known of it.
import { formatClock } from "../ui/format";

export interface StartEstimate {
  /** At the latest, where that is certain. */
  readonly estimatedStartAt: string | null;
  /** With a chance of one half. */
  readonly medianStartAt: string | null;
  /** With nine chances of ten. */
  readonly ninetyPercentStartAt: string | null;
}

/** Empty when nothing is foreseen. */
export function startEstimate({ estimatedStartAt, medianStartAt, ninetyPercentStartAt }: StartEstimate): string {
  const latest = estimatedStartAt === null ? "" : `at ${formatClock(estimatedStartAt)} at the latest`;
  if (medianStartAt === null) return latest;
  const likely = `likely at ${formatClock(medianStartAt)}`;
  if (latest !== "") return `${likely}, ${latest}`;
  return ninetyPercentStartAt === null ? likely : `${likely}, with nine chances of ten by ${formatClock(ninetyPercentStartAt)}`;
}
