// One bar: what is held of one's own, what is borrowed, what is guaranteed and not used, and a tick at the ceiling. The
// sentence below it says the same in numbers.
import { formatGpus } from "../ui/format";
import styles from "./ShareBar.module.css";
import type { Share } from "./share";

interface Props {
  readonly share: Share;
  readonly scale: number;
  /** What becomes of jobs that do not use what they hold. */
  readonly idle: string;
}

export function ShareBar({ share, scale, idle }: Props) {
  const { used, guaranteed, borrowed, ceiling } = share;
  const part = (gpus: number): string => `${(Math.max(0, gpus) / scale) * 100}%`;
  return (
    <>
      <div className={styles.bar} aria-hidden="true">
        <span className={styles.own} style={{ width: part(used - borrowed) }} />
        <span className={styles.borrowed} style={{ width: part(borrowed) }} />
        <span className={styles.unused} style={{ width: part(guaranteed - used) }} />
        {ceiling !== undefined && <span className={styles.ceiling} style={{ left: part(ceiling) }} />}
      </div>
      <p className={styles.words}>
        <span>
          holds <strong>{formatGpus(used)}</strong>
        </span>
        <span>{guaranteed === 0 ? "nothing guaranteed" : `${formatGpus(guaranteed)} guaranteed`}</span>
        {borrowed > 0 && <span>{formatGpus(borrowed)} borrowed</span>}
        <span>{ceiling === undefined ? "no ceiling" : `at most ${formatGpus(ceiling)}`}</span>
        <span>idle GPUs: {idle}</span>
      </p>
    </>
  );
}
