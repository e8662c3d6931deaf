// A titled card, which is also a region that a screen reader can jump to.
import { type ReactNode, useId } from "react";
import styles from "./Panel.module.css";

interface Props {
  readonly title: ReactNode;
  readonly aside?: ReactNode;
  readonly flush?: boolean;
  /** The key that leads here. */
  readonly shortcut?: string;
  readonly children: ReactNode;
}

/** `flush`: the content goes to the card's edges, as a table does. */
export function Panel({ title, aside, flush = false, shortcut, children }: Props) {
  const heading = useId();
  return (
    <section className={styles.panel} aria-labelledby={heading} data-key={shortcut}>
      <div className={styles.head}>
        <h2 id={heading}>{title}</h2>
        {aside !== undefined && <div className={styles.aside}>{aside}</div>}
      </div>
      <div className={flush ? undefined : styles.body}>{children}</div>
    </section>
  );
}

/** Names and values, one below the other. */
export function Facts({ rows }: { readonly rows: ReadonlyArray<readonly [string, ReactNode]> }) {
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <div key={name} className={styles.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
