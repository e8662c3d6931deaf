// Changes what can still be changed of a waiting job: its priority and its time limit, under the version that one has seen.
import { type FormEvent, useState } from "react";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { ConflictNotice } from "../edit/ConflictNotice";
import type { Described } from "../edit/differences";
import { useVersionedEdit } from "../edit/useVersionedEdit";
import { JobDetailDocument, UpdateJobDocument } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { Field } from "../ui/Field";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { formatDuration, plural } from "../ui/format";
import { Failure } from "../ui/Notice";
import { presentJob } from "./jobStatus";

export function EditJobButton({ job }: { readonly job: Job }) {
  const forbidden = useReadOnlyReason();
  const [opened, setOpened] = useState<Job>();
  return (
    <>
      <Button disabled={forbidden !== undefined} title={forbidden} onClick={() => setOpened(job)}>
        Change priority
      </Button>
      {opened !== undefined && <EditJobDialog job={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
}

function EditJobDialog({ job, onClose }: { readonly job: Job; readonly onClose: () => void }) {
  const { api, jobs } = useWorkspace();
  const [priority, setPriority] = useState(job.priority.toString());
  const [minutes, setMinutes] = useState(job.timeLimitSeconds === null ? "" : (job.timeLimitSeconds / 60).toString());
  const edit = useVersionedEdit<Job>({
    opened: job,
    describe: describeJob,
    save: async (expectedVersion) => {
      const timeLimitSeconds = minutes.trim() === "" ? undefined : Math.round(Number(minutes) * 60);
      const input = { id: job.id, expectedVersion, priority: Number(priority), ...(timeLimitSeconds !== undefined && { timeLimitSeconds }) };
      jobs.take((await api.mutate(UpdateJobDocument, { input })).updateJob.job);
    },
    fetchNow: async () => (await api.query(JobDetailDocument, { id: job.id })).job ?? undefined,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void edit.submit().then((saved) => saved && onClose());
  };
  return (
    <Dialog
      title={`Change ${job.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button kind="primary" type="submit" form="edit-job" disabled={edit.busy}>
            {edit.conflict === undefined ? "Save" : "Save over it"}
          </Button>
        </>
      }
    >
      <form id="edit-job" onSubmit={submit} noValidate>
        <Field name="priority" label="Priority" type="number" value={priority} onChange={setPriority} error={problem(priority, true)} hint="-1000 to 1000. Higher goes first." />
        <Field name="minutes" label="Time limit (minutes)" type="number" value={minutes} onChange={setMinutes} error={problem(minutes, false)} hint="Empty: stays as it is." />
      </form>
      {edit.conflict !== undefined && <ConflictNotice what="this job" differences={edit.conflict} />}
      {edit.error !== undefined && <Failure error={edit.error} />}
    </Dialog>
  );
}

function problem(text: string, required: boolean): string | undefined {
  if (text.trim() === "") return required ? "A number is needed." : undefined;
  return Number.isFinite(Number(text)) ? undefined : "This is not a number.";
}

function describeJob(job: Job): Described {
  return [
    ["Status", presentJob(job.status).word],
    ["Priority", job.priority.toString()],
    ["Time limit", job.timeLimitSeconds === null ? "none" : formatDuration(job.timeLimitSeconds * 1000)],
    ["GPUs", job.gpus.length === 0 ? "none yet" : plural(job.gpus.length, "GPU")],
  ];
}
