// Looks for a text in all of a log, of which only the newest lines are kept here.
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { Button } from "../ui/Button";
import { formatInstant, plural } from "../ui/format";
import { Failure } from "../ui/Notice";
import styles from "./JobLog.module.css";
import { renderLine } from "./logText";
import { type Found, findLines, logPages, type Wanted } from "./wholeLog";

export function SearchWholeLog({ wanted }: { readonly wanted: Wanted }) {
  const { api } = useWorkspace();
  const [found, setFound] = useState<Found | "asking">();
  const [error, setError] = useState<ApiError>();
  const ask = (): void => {
    setError(undefined);
    setFound("asking");
    findLines(logPages(api, wanted))
      .then(setFound)
      .catch((failure: unknown) => {
        setError(asApiError(failure));
        setFound(undefined);
      });
  };
  if (error !== undefined) return <Failure error={error} onRetry={ask} />;
  if (found === undefined || found === "asking") {
    return (
      <p className={styles.gap}>
        <Button kind="quiet" disabled={found === "asking"} onClick={ask}>
          {found === "asking" ? "Looking…" : "Look in the whole log"}
        </Button>
      </p>
    );
  }
  return (
    <div className={styles.found} role="region" aria-label="Found in the whole log" tabIndex={0}>
      <p role="status">
        {found.more ? `The first ${plural(found.lines.length, "line")} that have it:` : `${plural(found.lines.length, "line")} in the whole log:`}
      </p>
      <ol>
        {found.lines.map(({ cursor, at, text, stream }) => (
          <li key={cursor} className={styles.line} data-stream={stream}>
            <time dateTime={at}>{formatInstant(at)}</time> {renderLine(text).map((span) => span.text)}
          </li>
        ))}
      </ol>
    </div>
  );
}
