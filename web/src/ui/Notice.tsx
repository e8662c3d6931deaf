// What a panel shows instead of its content: nothing there, still loading, or a failure with a way out.
import type { ReactNode } from "react";
import { advice, type ApiError } from "../api/errors";
import { Button } from "./Button";
import styles from "./Notice.module.css";
import { Glyph } from "./StatusMark";

interface EmptyProps {
  readonly title: string;
  /** It is all of the page, and so its heading. */
  readonly page?: boolean;
  readonly children?: ReactNode;
}

export function Empty({ title, page = false, children }: EmptyProps) {
  return (
    <div className={styles.notice}>
      {page ? <h1 className={styles.title}>{title}</h1> : <p className={styles.title}>{title}</p>}
      {children !== undefined && <div className={styles.text}>{children}</div>}
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <div className={styles.notice} role="status">
      <p className={styles.text}>Loading {what}…</p>
    </div>
  );
}

export function Failure({ error, onRetry }: { readonly error: ApiError; readonly onRetry?: () => void }) {
  const hint = advice(error);
  return (
    <div className={styles.failure} role="alert">
      <Glyph family="bad" shape="cross" />
      <div className={styles.grow}>
        <p className={styles.title}>{error.message}</p>
        {hint !== "" && <p className={styles.text}>{hint}</p>}
        <p className={styles.code}>
          {error.code}
          {error.requestId !== undefined && ` · request ${error.requestId}`}
        </p>
      </div>
      {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}
