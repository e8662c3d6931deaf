// Someone else changed it first: what is different now, so that one can decide again.
import type { Difference } from "./differences";
import styles from "./ConflictNotice.module.css";

export function ConflictNotice({ what, differences }: { readonly what: string; readonly differences: readonly Difference[] }) {
  return (
    <div className={styles.notice} role="alert">
      <p>
        <strong>Someone else changed {what} first.</strong> Nothing of yours was saved.{" "}
        {differences.length === 0 ? "What you see here is the same as before." : "Different now:"}
      </p>
      <DifferenceTable differences={differences} before="When you opened it" now="Now" />
    </div>
  );
}

interface TableProps {
  readonly differences: readonly Difference[];
  /** What the two sides are called. */
  readonly before: string;
  readonly now: string;
}

export function DifferenceTable({ differences, before, now }: TableProps) {
  if (differences.length === 0) return null;
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">{before}</th>
          <th scope="col">{now}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map((difference) => (
          <tr key={difference.field}>
            <th scope="row">{difference.field}</th>
            <td>{difference.before}</td>
            <td>{difference.now}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
