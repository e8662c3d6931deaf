// Stops a job, or gives a loan's GPUs back, after asking.
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { CancelJobDocument, ReleaseJobDocument } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { plural } from "../ui/format";
import { Failure } from "../ui/Notice";

interface Props {
  readonly job: Job;
  /** What the button is called; a list names the job as well. */
  readonly label?: string;
  readonly quiet?: boolean;
}

export function CancelButton({ job, label = "Cancel job", quiet = false }: Props) {
  const { api, jobs } = useWorkspace();
  return (
    <Confirmed
      button={quiet ? "Cancel" : "Cancel job"}
      label={label}
      quiet={quiet}
      title={`Cancel ${job.name}?`}
      confirm="Yes, cancel it"
      act={async () => jobs.take((await api.mutate(CancelJobDocument, { input: { id: job.id } })).cancelJob.job)}
    >
      <p>{consequence(job)} This cannot be undone.</p>
    </Confirmed>
  );
}

export function ReleaseButton({ job }: { readonly job: Job }) {
  const { api, jobs } = useWorkspace();
  return (
    <Confirmed
      button="Release GPUs"
      label="Release GPUs"
      quiet={false}
      title={`Give back the GPUs of ${job.name}?`}
      confirm="Yes, give them back"
      act={async () => jobs.take((await api.mutate(ReleaseJobDocument, { input: { jobId: job.id } })).releaseJob.job)}
    >
      <p>{plural(job.gpus.length, "GPU")} will go back to the fleet, and the loan ends as succeeded.</p>
    </Confirmed>
  );
}

function consequence(job: Job): string {
  if (job.gpus.length === 0) return "It leaves the queue.";
  return `Its processes are asked to stop, and are killed if they do not; then its ${plural(job.gpus.length, "GPU")} go back to the fleet.`;
}

interface ConfirmedProps {
  readonly button: string;
  readonly label: string;
  readonly quiet: boolean;
  readonly title: string;
  readonly confirm: string;
  readonly act: () => Promise<void>;
  readonly children: React.ReactNode;
}

function Confirmed({ button, label, quiet, title, confirm, act, children }: ConfirmedProps) {
  const forbidden = useReadOnlyReason();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const close = (): void => {
    setOpen(false);
    setError(undefined);
  };
  const run = (): void => {
    setBusy(true);
    act()
      .then(close)
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Button kind={quiet ? "quiet" : "danger"} aria-label={label} title={forbidden} disabled={forbidden !== undefined} onClick={() => setOpen(true)}>
        {button}
      </Button>
      {open && (
        <Dialog
          title={title}
          onClose={close}
          actions={
            <>
              <Button onClick={close}>No, keep it</Button>
              <Button kind="danger" disabled={busy} onClick={run}>
                {confirm}
              </Button>
            </>
          }
        >
          {children}
          {error !== undefined && <Failure error={error} />}
        </Dialog>
      )}
    </>
  );
}
