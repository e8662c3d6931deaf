import styles from "./Brand.module.css";

export function Brand() {
  return (
    <span className={styles.brand}>
      <svg viewBox="0 0 20 20" className={styles.mark} aria-hidden="true">
        <rect x="1" y="1" width="8" height="8" rx="2" fill="var(--run)" />
        <rect x="12" y="2" width="6" height="6" rx="1" fill="none" stroke="var(--edge)" strokeWidth="2" />
        <rect x="2" y="12" width="6" height="6" rx="1" fill="none" stroke="var(--edge)" strokeWidth="2" />
        <rect x="11" y="11" width="8" height="8" rx="2" fill="var(--run)" />
      </svg>
      GPU Fleet
    </span>
  );
}
