// How much was held, as a length, and what of it was used, idle or not known. The numbers stand beside it.
import styles from "./UseBar.module.css";
import type { Amounts } from "./usage";

export function UseBar({ amounts: { held, used, idle, unknown }, most }: { readonly amounts: Amounts; readonly most: number }) {
  const part = (hours: number): string => `${most === 0 ? 0 : (hours / most) * 100}%`;
  return (
    <span className={styles.track} aria-hidden="true" data-empty={held === 0}>
      <span className={styles.used} style={{ width: part(used) }} />
      <span className={styles.idle} style={{ width: part(idle) }} />
      <span className={styles.unknown} style={{ width: part(unknown) }} />
    </span>
  );
}

export function UseKey() {
  return (
    <ul className={styles.key} aria-label="What the bars show">
      <li data-part="used">used</li>
      <li data-part="idle">held idle</li>
      <li data-part="unknown">held, not told of</li>
    </ul>
  );
}
