// What can be done with one job, as far as its state allows.
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { asApiError, type ApiError } from "../api/errors";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { RetryJobDocument, UpdateJobDocument } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { Button } from "../ui/Button";
import buttons from "../ui/Button.module.css";
import { Failure } from "../ui/Notice";
import { CancelButton, ReleaseButton } from "./CancelButton";
import { EditJobButton } from "./EditJobDialog";
import styles from "./JobActions.module.css";
import { jobPath } from "./jobPath";
import { isCancellable, isFinished, isWaiting } from "./jobStatus";
import { isLoan, isResting } from "./jobText";

export function JobActions({ job, held }: { readonly job: Job; readonly held: boolean }) {
  const [error, setError] = useState<ApiError>();
  return (
    <div className={styles.all}>
      <div className={styles.actions}>
        {isResting(job) && <HoldButton job={job} held label="Try it again now" onError={setError} />}
        {isWaiting(job.status) && <HoldButton job={job} held={held} label={held ? "Let it go" : "Hold back"} onError={setError} />}
        {isWaiting(job.status) && <EditJobButton job={job} />}
        <Link href={`/submit?from=${encodeURIComponent(job.id)}`} className={buttons["button"]} data-kind="plain">
          Clone with changes
        </Link>
        {isFinished(job.status) && <RetryButton job={job} onError={setError} />}
        {isLoan(job) && job.status === "RUNNING" && <ReleaseButton job={job} />}
        {isCancellable(job.status) && <CancelButton job={job} />}
      </div>
      {error !== undefined && <Failure error={error} />}
    </div>
  );
}

interface ActionProps {
  readonly job: Job;
  readonly onError: (error: ApiError | undefined) => void;
}

function RetryButton({ job, onError }: ActionProps) {
  const { api, jobs } = useWorkspace();
  const forbidden = useReadOnlyReason();
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);
  const retry = (): void => {
    setBusy(true);
    onError(undefined);
    api
      .mutate(RetryJobDocument, { input: { id: job.id } })
      .then(({ retryJob }) => {
        jobs.takeNew(retryJob.job);
        go(jobPath(retryJob.job.id));
      })
      .catch((failure: unknown) => {
        onError(asApiError(failure));
        setBusy(false);
      });
  };
  return (
    <Button kind="primary" disabled={busy || forbidden !== undefined} title={forbidden ?? "Submits the same again, as a new job"} onClick={retry}>
      Retry
    </Button>
  );
}

/** `held`: it is let go, from a hold or from its rest. */
function HoldButton({ job, held, label, onError }: ActionProps & { readonly held: boolean; readonly label: string }) {
  const { api, jobs } = useWorkspace();
  const forbidden = useReadOnlyReason();
  const [busy, setBusy] = useState(false);
  const change = (): void => {
    setBusy(true);
    onError(undefined);
    api
      .mutate(UpdateJobDocument, { input: { id: job.id, expectedVersion: job.version, hold: !held } })
      .then(({ updateJob }) => jobs.take(updateJob.job))
      .catch((failure: unknown) => onError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  return (
    <Button disabled={busy || forbidden !== undefined} title={forbidden} onClick={change}>
      {label}
    </Button>
  );
}
