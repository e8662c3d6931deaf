// Submits one job. What is typed is checked at once; the server checks everything again, and what it refuses is said at
// the field.
import { useMemo } from "react";
import { Link } from "wouter";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { SubmitJobDocument, SubmitJobsDocument } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { cardName } from "../ui/format";
import { Failure } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { useRevision } from "../ui/useCell";
import { MatchHint } from "./MatchHint";
import { Preview } from "./Preview";
import { SameAs } from "./SameAs";
import type { Submission } from "./snippets";
import type { FieldName } from "./submission";
import styles from "./SubmitPage.module.css";
import { useSubmission } from "./useSubmission";

export function SubmitPage() {
  const { fields, set, problem, submit, apply, busy, error, submission, original } = useSubmission();
  const times = submission?.times ?? 1;
  const forbidden = useReadOnlyReason();
  const types = useGpuTypes();
  const common = (name: FieldName) => ({
    name,
    value: fields[name],
    onChange: (value: string) => set(name, value),
    error: problem(name),
  });
  const check = (name: FieldName, label: string) => (
    <label className={styles.check}>
      <input type="checkbox" name={name} checked={fields[name] === "yes"} onChange={(event) => set(name, event.target.checked ? "yes" : "")} /> {label}
    </label>
  );
  return (
    <div className={styles.page}>
      <PageHead title="Submit a job" query={queryOf(submission)} />
      {original !== undefined && (
        <p className={styles.muted}>
          As <Link href={jobPath(original.id)}>{original.name}</Link> was submitted.
          {original.applied !== undefined && ` Filled in: ${original.applied}. The old job stays in the queue until you cancel it.`}
          {original.hasEnv && " The values of its environment are never told: give them again below."}
        </p>
      )}
      <div className={styles.columns}>
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
            <Field {...common("timeLimitMinutes")} label="Time limit (minutes)" type="number" hint="Empty: none. With one, waiting jobs can be told when they start." />
            <Field {...common("times")} label="Copies" type="number" hint="More than 1: an array. Each copy finds its number, from 0, in GPU_FLEET_ARRAY_INDEX." />
            <Field {...common("maxRetries")} label="Retries" type="number" hint="Runs it again so often when it fails or its host is lost." />
            <details className={styles.more} open={original !== undefined}>
              <summary>More</summary>
              <div className={styles.form}>
                <Field {...common("retryPause")} label="Rest before a retry (seconds)" type="number" hint="Twice as long after each further one. Empty: 10." />
                <Field {...common("workdir")} label="Folder" hint="Where it starts, on its host. Empty: the home folder of the user that it runs as." />
                <Field {...common("image")} label="Container image" hint="Empty: what is installed on the host." />
                <Field {...common("labels")} label="Labels" multiline hint="key=value, one a line." />
                <Field {...common("env")} label="Environment" multiline hint="NAME=value, one a line. Values can never be read again." />
                <Field {...common("share")} label="Share of one GPU (%)" type="number" hint="Empty: whole GPUs." />
                <Field {...common("hostLabels")} label="Host labels" multiline hint="Each host must have them: key=value, one a line." />
                <Field {...common("cpus")} label="CPU cores" type="number" hint="In all. Empty: none reserved." />
                <Field {...common("memoryGb")} label="Host memory (GB)" type="number" hint="In all. Empty: none reserved." />
                <div className={styles.checks}>
                  {check("spread", "Its GPUs may be on several hosts")}
                  {check("hold", "Hold it back until somebody lets it go")}
                </div>
              </div>
            </details>
            <div className={styles.end}>
              {error !== undefined && <Failure error={error} />}
              <Button kind="primary" type="submit" disabled={busy || forbidden !== undefined} title={forbidden}>
                {busy ? "Submitting…" : times === 1 ? "Submit job" : `Submit ${times.toLocaleString("en")} jobs`}
              </Button>
              {forbidden !== undefined && <p className={styles.muted}>{forbidden}</p>}
            </div>
          </form>
        </Panel>
        <div className={styles.side}>
          <Preview input={submission?.input} times={times} onApply={apply} />
          <SameAs submission={submission} />
        </div>
      </div>
    </div>
  );
}

/** The operation that the button sends. */
function queryOf(submission: Submission | undefined) {
  if (submission === undefined || submission.times === 1) return { operation: SubmitJobDocument, variables: { input: submission?.input ?? {} } };
  return { operation: SubmitJobsDocument, variables: { input: { jobs: [submission.input], times: submission.times } } };
}

function useGpuTypes(): readonly string[] {
  const { gpus } = useWorkspace().fleet;
  const revision = useRevision(gpus);
  return useMemo(() => {
    void revision;
    return [...new Set(gpus.values().map((gpu) => cardName(gpu.gpuType)))].sort();
  }, [gpus, revision]);
}
