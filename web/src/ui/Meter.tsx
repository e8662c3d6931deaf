// A length that says how much. The text beside it says the same in numbers, so the bar itself is hidden from readers.
import styles from "./Meter.module.css";
import type { Family } from "./presentation";

interface Props {
  /** From 0 to 1. Undefined: unknown, drawn as an empty, dashed track and never as zero. */
  readonly value: number | undefined;
  readonly family: Family;
}

export function Meter({ value, family }: Props) {
  const width = value === undefined ? 0 : Math.min(1, Math.max(0, value)) * 100;
  return (
    <span className={styles.track} data-unknown={value === undefined} aria-hidden="true">
      <span className={styles.fill} data-family={family} style={{ width: `${width}%` }} />
    </span>
  );
}
