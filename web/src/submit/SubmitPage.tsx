// Submits one job. The server checks everything; what it refuses is said at the field.
import { type FormEvent, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { SubmitJobDocument } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import { Button } from "../ui/Button";
import { cardName } from "../ui/format";
import { Failure } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { useRevision } from "../ui/useCell";
import { Field } from "../ui/Field";
import { MatchHint } from "./MatchHint";
import { EMPTY_SUBMISSION, type FieldName, fieldOfPath, type SubmissionFields, toInput } from "./submission";
import styles from "./SubmitPage.module.css";

export function SubmitPage() {
  const { fields, set, submit, busy, error } = useSubmission();
  const forbidden = useReadOnlyReason();
  const field = error === undefined ? undefined : fieldOfPath(error.field);
  const types = useGpuTypes();
  const common = (name: FieldName) => ({
    name,
    value: fields[name],
    onChange: (value: string) => set(name, value),
    error: field === name && error !== undefined ? withoutPath(error) : undefined,
  });
  return (
    <div className={styles.page}>
      <h1>Submit a job</h1>
      <Panel title="New job">
        <form className={styles.form} onSubmit={submit} noValidate>
          <Field {...common("name")} label="Name" required />
          <Field {...common("modelType")} label="Model type" hint="What is trained or served, to find it by: llama-3-8b." />
          <Field {...common("gpus")} label="GPUs" type="number" />
          <Field {...common("minMemoryGb")} label="Minimum memory per GPU (GB)" type="number" hint="80 matches every card sold as 80 GB." />
          <Field {...common("gpuTypes")} label="GPU types" suggestions={types} hint="Separated by commas; any of them will do. Empty: any type." />
          <MatchHint fields={fields} />
          <Field
            {...common("command")}
            label="Command"
            multiline
            wide
            hint={
              fields.command.trim() === ""
                ? "Empty: a loan. The GPUs are yours until you release them, and nothing is started."
                : "Runs as /bin/sh -c with this text as its one argument."
            }
          />
          <Field {...common("priority")} label="Priority" type="number" hint="Higher goes first within your organization." />
          <Field {...common("timeLimitMinutes")} label="Time limit (minutes)" type="number" hint="Empty: none." />
          <div className={styles.end}>
            {error !== undefined && field === undefined && <Failure error={error} />}
            <Button kind="primary" type="submit" disabled={busy || forbidden !== undefined} title={forbidden}>
              {busy ? "Submitting…" : "Submit job"}
            </Button>
            {forbidden !== undefined && <p className={styles.muted}>{forbidden}</p>}
          </div>
        </form>
      </Panel>
    </div>
  );
}

/** The field is seen, so its path need not be read. */
function withoutPath({ message, field }: ApiError): string {
  return field !== undefined && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

function useSubmission() {
  const { api, jobs } = useWorkspace();
  const [, go] = useLocation();
  const [fields, setFields] = useState<SubmissionFields>(EMPTY_SUBMISSION);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  // One key until the job was accepted: pressing twice, or again after a lost answer, makes one job.
  const key = useRef(crypto.getRandomValues(new Uint32Array(4)).join("-"));
  const set = (name: FieldName, value: string): void => setFields((before) => ({ ...before, [name]: value }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    api
      .mutate(SubmitJobDocument, { input: toInput(fields, key.current) })
      .then(({ submitJob }) => {
        jobs.takeNew(submitJob.job);
        go(jobPath(submitJob.job.id));
      })
      .catch((failure: unknown) => {
        setError(asApiError(failure));
        setBusy(false);
      });
  };
  return { fields, set, submit, busy, error };
}

function useGpuTypes(): readonly string[] {
  const { gpus } = useWorkspace().fleet;
  const revision = useRevision(gpus);
  return useMemo(() => {
    void revision;
    return [...new Set(gpus.values().map((gpu) => cardName(gpu.gpuType)))].sort();
  }, [gpus, revision]);
}
