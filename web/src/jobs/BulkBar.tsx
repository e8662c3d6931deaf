// What can be done with all selected jobs at once. Each job is asked for by itself, so that one refusal stops no other.
import { useEffect, useState } from "react";
import { asApiError } from "../api/errors";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { CancelJobDocument, RetryJobDocument } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { plural } from "../ui/format";
import { Meter } from "../ui/Meter";
import { useRevision } from "../ui/useCell";
import styles from "./BulkBar.module.css";
import { type BulkProgress, forEachOf } from "./bulk";
import { isCancellable, isFinished } from "./jobStatus";

type Deed = "cancel" | "retry";

export function BulkBar({ selected, onClear }: { readonly selected: ReadonlySet<string>; readonly onClear: () => void }) {
  const { jobs } = useWorkspace();
  const forbidden = useReadOnlyReason();
  useRevision(jobs.jobs);
  const [deed, setDeed] = useState<Deed>();
  if (selected.size === 0) return null;
  const known = [...selected].map((id) => jobs.jobs.get(id)).filter((job) => job !== undefined);
  const cancellable = known.filter((job) => isCancellable(job.status));
  const retriable = known.filter((job) => isFinished(job.status));
  return (
    <div className={styles.bar} role="region" aria-label="Selected jobs">
      <strong>{plural(selected.size, "job")} selected</strong>
      <Button kind="danger" disabled={cancellable.length === 0 || forbidden !== undefined} title={forbidden} onClick={() => setDeed("cancel")}>
        Cancel {cancellable.length}
      </Button>
      <Button disabled={retriable.length === 0 || forbidden !== undefined} title={forbidden} onClick={() => setDeed("retry")}>
        Retry {retriable.length}
      </Button>
      <Button kind="quiet" onClick={onClear}>Select none</Button>
      {deed !== undefined && (
        <BulkDialog
          deed={deed}
          jobs={deed === "cancel" ? cancellable : retriable}
          onClose={(done) => {
            setDeed(undefined);
            if (done) onClear();
          }}
        />
      )}
    </div>
  );
}

interface DialogProps {
  readonly deed: Deed;
  readonly jobs: readonly Job[];
  readonly onClose: (done: boolean) => void;
}

const NAMED = 5;

function BulkDialog({ deed, jobs: chosen, onClose }: DialogProps) {
  const { api, jobs } = useWorkspace();
  // What was asked about is what is done, whatever changes meanwhile.
  const [targets] = useState(chosen);
  const [progress, setProgress] = useState<BulkProgress>();
  const over = progress !== undefined && progress.done === targets.length;
  const run = (): void => {
    const act = async (job: Job): Promise<void> => {
      if (deed === "cancel") jobs.take((await api.mutate(CancelJobDocument, { input: { id: job.id } })).cancelJob.job);
      else jobs.takeNew((await api.mutate(RetryJobDocument, { input: { id: job.id } })).retryJob.job);
    };
    void forEachOf(targets, act, (failure) => asApiError(failure).message, setProgress);
  };
  const succeeded = over && progress.failures.length === 0;
  useEffect(() => {
    if (succeeded) onClose(true);
  }, [succeeded, onClose]);
  const count = plural(targets.length, "job");
  return (
    <Dialog
      title={deed === "cancel" ? `Cancel ${count}?` : `Submit ${count} anew?`}
      onClose={() => onClose(over)}
      actions={
        over ? (
          <Button onClick={() => onClose(true)}>Close</Button>
        ) : (
          <>
            <Button onClick={() => onClose(false)}>No, keep them as they are</Button>
            <Button kind={deed === "cancel" ? "danger" : "primary"} disabled={progress !== undefined} onClick={run}>
              {deed === "cancel" ? "Yes, cancel them" : "Yes, submit them anew"}
            </Button>
          </>
        )
      }
    >
      <p>
        {targets.slice(0, NAMED).map((job) => job.name).join(", ")}
        {targets.length > NAMED && ` and ${targets.length - NAMED} more`}.{" "}
        {deed === "cancel" ? "What runs is asked to stop. This cannot be undone." : "Each becomes a new job; the old ones stay as they are."}
      </p>
      {progress !== undefined && (
        <div role="status">
          <Meter value={progress.done / targets.length} family="run" />
          {progress.done} of {targets.length} done
        </div>
      )}
      {progress !== undefined && progress.failures.length > 0 && (
        <ul className={styles.failures} aria-label="Refused">
          {progress.failures.map(({ item, message }) => (
            <li key={item.id}>
              {item.name}: {message}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
