// Asks before many jobs are changed, and shows how far it has come. It can be stopped; what is done by then stays done.
import { useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { plural } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Failure } from "../ui/Notice";
import type { BulkProgress, Control } from "./bulk";
import styles from "./BulkBar.module.css";

export type Deed = "cancel" | "retry";

/** What was asked about is what is done, whatever changes meanwhile. */
export interface Plan {
  readonly deed: Deed;
  readonly count: number;
  /** Which jobs these are, in words. */
  readonly which: string;
  readonly run: (control: Control) => Promise<void>;
}

interface Props {
  readonly plan: Plan;
  /** `done`: something has been changed. */
  readonly onClose: (done: boolean) => void;
}

export function BulkDialog({ plan: { deed, count, which, run }, onClose }: Props) {
  const [progress, setProgress] = useState<BulkProgress>();
  const [over, setOver] = useState(false);
  const [error, setError] = useState<ApiError>();
  const stop = useRef(false);
  const [stopping, setStopping] = useState(false);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  // Whoever leaves the page stops it.
  useEffect(() => () => void (stop.current = true), []);
  const start = (): void => {
    stop.current = false;
    run({ tell: setProgress, stopped: () => stop.current })
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setOver(true));
  };
  const smooth = over && error === undefined && !stopping && progress?.refused === 0;
  useEffect(() => {
    if (smooth) close.current(true);
  }, [smooth]);
  const leave = (): void => {
    stop.current = true;
    onClose(progress !== undefined);
  };
  const jobs = plural(count, "job");
  return (
    <Dialog
      title={deed === "cancel" ? `Cancel ${jobs}?` : `Submit ${jobs} anew?`}
      onClose={leave}
      actions={
        over ? (
          <Button onClick={leave}>Close</Button>
        ) : progress === undefined ? (
          <>
            <Button onClick={leave}>No, keep them as they are</Button>
            <Button kind={deed === "cancel" ? "danger" : "primary"} onClick={start}>
              {deed === "cancel" ? "Yes, cancel them" : "Yes, submit them anew"}
            </Button>
          </>
        ) : (
          <Button
            disabled={stopping}
            onClick={() => {
              stop.current = true;
              setStopping(true);
            }}
          >
            {stopping ? "Stopping…" : "Stop here"}
          </Button>
        )
      }
    >
      <p>
        {which} {deed === "cancel" ? "What runs is asked to stop. This cannot be undone." : "Each becomes a new job; the old ones stay as they are."}
      </p>
      {progress !== undefined && <Done progress={progress} count={count} over={over} />}
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}

function Done({ progress: { done, refused, refusals }, count, over }: { readonly progress: BulkProgress; readonly count: number; readonly over: boolean }) {
  return (
    <>
      <div role="status">
        <Meter value={count === 0 ? 1 : done / count} family="run" />
        {done.toLocaleString("en")} of {count.toLocaleString("en")} {over ? "looked at" : "done"}
        {refused > 0 && `, ${refused.toLocaleString("en")} refused`}
      </div>
      {refusals.length > 0 && (
        <ul className={styles.failures} aria-label="Refused">
          {refusals.map((refusal) => (
            <li key={refusal}>{refusal}</li>
          ))}
        </ul>
      )}
    </>
  );
}
