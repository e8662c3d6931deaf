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
      {differences.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">When you opened it</th>
              <th scope="col">Now</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ field, before, now }) => (
              <tr key={field}>
                <th scope="row">{field}</th>
                <td>{before}</td>
                <td>{now}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
