// Copies a text, and says that it has.
import { useEffect, useState } from "react";
import { writeClipboard } from "./clipboard";
import styles from "./CopyButton.module.css";

const SAID_FOR_MS = 2000;

export function CopyButton({ text, what, label }: { readonly text: string; readonly what: string; readonly label?: string }) {
  const [outcome, setOutcome] = useState<"copied" | "failed">();
  useEffect(() => {
    if (outcome === undefined) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = (): void => {
    writeClipboard(text).then(
      () => setOutcome("copied"),
      () => setOutcome("failed"),
    );
  };
  const word = outcome === "copied" ? "Copied" : outcome === "failed" ? "Not allowed" : (label ?? "Copy");
  return (
    <button type="button" className={styles.copy} onClick={copy}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.6">
        <rect x="5" y="5" width="9" height="9" rx="1.5" />
        <path d="M11 3.5V3a1 1 0 0 0-1-1H3a1 1 0 0 0-1 1v7a1 1 0 0 0 1 1h.5" />
      </svg>
      <span role="status">{word}</span>
      {label === undefined && <span className="visually-hidden"> {what}</span>}
    </button>
  );
}
