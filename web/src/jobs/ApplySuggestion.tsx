// One click from "it would start now" to starting it, after telling what that changes and what it costs.
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { ConflictNotice, DifferenceTable } from "../edit/ConflictNotice";
import { differences } from "../edit/differences";
import { useVersionedEdit } from "../edit/useVersionedEdit";
import { JobDetailDocument, UpdateJobDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import buttons from "../ui/Button.module.css";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Notice";
import { randomKey } from "../ui/randomKey";
import { jobPath } from "./jobPath";
import { isHeldBack } from "./jobText";
import { replaceJob } from "./replaceJob";
import { describeWishes, editOf, meansOf, replacementOf, type Suggestion, wishesAfter, type Wishes } from "./suggestion";
import type { Detail } from "./useJobDetail";

interface Props {
  readonly job: Detail;
  readonly suggestion: Suggestion;
}

export function ApplySuggestion({ job, suggestion }: Props) {
  const forbidden = useReadOnlyReason();
  const [opened, setOpened] = useState<Props>();
  const means = meansOf(job, suggestion);
  if (means === "form" && forbidden === undefined) {
    return (
      <Link href={`/submit?from=${encodeURIComponent(job.id)}&apply=${suggestion.code}`} className={buttons["button"]} data-kind="quiet">
        Fill in<span className="visually-hidden"> a clone {suggestion.message}</span>
      </Link>
    );
  }
  return (
    <>
      <Button kind="quiet" disabled={forbidden !== undefined} title={forbidden} onClick={() => setOpened({ job, suggestion })}>
        Apply<span className="visually-hidden">: {suggestion.message}</span>
      </Button>
      {opened !== undefined && (means === "edit" ? <EditDialog {...opened} onClose={() => setOpened(undefined)} /> : <ReplaceDialog {...opened} onClose={() => setOpened(undefined)} />)}
    </>
  );
}

function wishesOf(job: Detail): Wishes {
  return { requirements: job.requirements, timeLimitSeconds: job.timeLimitSeconds, held: isHeldBack(job), image: job.image };
}

function Changes({ job, suggestion }: Props) {
  const before = wishesOf(job);
  const changes = differences(describeWishes(before), describeWishes(wishesAfter(before, suggestion)));
  return <DifferenceTable differences={changes} before="Now" now="Then" />;
}

/** The job stays in its place. */
function EditDialog({ job, suggestion, onClose }: Props & { readonly onClose: () => void }) {
  const { api, jobs } = useWorkspace();
  const edit = useVersionedEdit<Detail>({
    opened: job,
    describe: (now) => describeWishes(wishesOf(now)),
    save: async (expectedVersion) => {
      jobs.take((await api.mutate(UpdateJobDocument, { input: { id: job.id, expectedVersion, ...editOf(suggestion) } })).updateJob.job);
    },
    fetchNow: async () => (await api.query(JobDetailDocument, { id: job.id })).job ?? undefined,
  });
  return (
    <Dialog
      title={`Change ${job.name}?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button kind="primary" disabled={edit.busy} onClick={() => void edit.submit().then((saved) => saved && onClose())}>
            {edit.conflict === undefined ? "Apply" : "Apply all the same"}
          </Button>
        </>
      }
    >
      <p>
        It would start {suggestion.message}.{suggestion.code === "SHORTER_RUN" && " Its run ends at the new limit, done or not."}
      </p>
      <Changes job={edit.base} suggestion={suggestion} />
      {edit.conflict !== undefined && <ConflictNotice what="this job" differences={edit.conflict} />}
      {edit.error !== undefined && <Failure error={edit.error} />}
    </Dialog>
  );
}

/** The job gives way to a new one. */
function ReplaceDialog({ job, suggestion, onClose }: Props & { readonly onClose: () => void }) {
  const { api, jobs } = useWorkspace();
  const [, go] = useLocation();
  const [idempotencyKey] = useState(randomKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const replace = (): void => {
    setBusy(true);
    setError(undefined);
    replaceJob(api, jobs, { old: job, input: replacementOf(job, suggestion), idempotencyKey })
      .then(({ id }) => go(jobPath(id)))
      .catch((failure: unknown) => {
        setError(asApiError(failure));
        setBusy(false);
      });
  };
  // The key of an exchange that was undone belongs to a job that is cancelled: to decide again is to open this again.
  const undone = error?.code === "CONFLICT";
  return (
    <Dialog
      title={`Replace ${job.name}?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{undone ? "Close" : "No, keep it"}</Button>
          <Button kind="danger" disabled={busy || undone} onClick={replace}>
            Yes, replace it
          </Button>
        </>
      }
    >
      <p>It would start {suggestion.message}.</p>
      <Changes job={job} suggestion={suggestion} />
      <p>
        What a job asks for cannot be edited: it is submitted anew, under a new id and at the end of its queue, and this one is cancelled. Jobs that
        depend on this one fail.
      </p>
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
