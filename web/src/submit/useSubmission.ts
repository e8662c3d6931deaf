// The form's state: what is typed, what is wrong with it, and sending it.
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { JobDetailDocument, SubmitJobDocument } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import { checkSubmission } from "./checkSubmission";
import { fieldsOf } from "./clone";
import { EMPTY_SUBMISSION, type FieldName, fieldOfPath, type SubmissionFields, toInput } from "./submission";

export function useSubmission() {
  const { api, jobs } = useWorkspace();
  const [, go] = useLocation();
  const [fields, setFields] = useState<SubmissionFields>(EMPTY_SUBMISSION);
  const [touched, setTouched] = useState<ReadonlySet<FieldName>>(new Set());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const original = useOriginal(setFields, setError);
  // One key until the job was accepted: pressing twice, or again after a lost answer, makes one job.
  const key = useRef(crypto.getRandomValues(new Uint32Array(4)).join("-"));
  const checked = checkSubmission(fields);
  const refused = fieldOfPath(error?.field);

  const set = (name: FieldName, value: string): void => {
    setFields((before) => ({ ...before, [name]: value }));
    setTouched((before) => new Set(before).add(name));
    if (refused === name) setError(undefined);
  };
  /** What a field is to say: what the server refused, or, once it was touched, what is wrong with what is typed. */
  const problem = (name: FieldName): string | undefined => {
    if (refused === name && error !== undefined) return withoutPath(error);
    return touched.has(name) ? checked.problems?.[name] : undefined;
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setTouched(new Set(Object.keys(fields) as FieldName[]));
    const form = event.currentTarget;
    if (checked.submission === undefined) return focusField(form, Object.keys(fields).find((name) => checked.problems[name as FieldName] !== undefined));
    setBusy(true);
    setError(undefined);
    api
      .mutate(SubmitJobDocument, { input: { ...toInput(checked.submission), idempotencyKey: key.current } })
      .then(({ submitJob }) => {
        jobs.takeNew(submitJob.job);
        go(jobPath(submitJob.job.id));
      })
      .catch((failure: unknown) => {
        const answer = asApiError(failure);
        setError(answer);
        setBusy(false);
        focusField(form, fieldOfPath(answer.field));
      });
  };
  const input = checked.submission === undefined ? undefined : toInput(checked.submission);
  return { fields, set, problem, submit, busy, error: refused === undefined ? error : undefined, input, original };
}

/** The field is seen, so its path need not be read. */
function withoutPath({ message, field }: ApiError): string {
  return field !== undefined && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

function focusField(form: HTMLFormElement, name: string | undefined): void {
  const field = name === undefined ? null : form.elements.namedItem(name);
  if (!(field instanceof HTMLElement)) return;
  field.closest("details")?.setAttribute("open", "");
  field.focus();
}

/** The job named by ?from=, whose submission is to be changed. */
function useOriginal(fill: (fields: SubmissionFields) => void, fail: (error: ApiError) => void) {
  const { api } = useWorkspace();
  const [parameters] = useSearchParams();
  const from = parameters.get("from");
  const [original, setOriginal] = useState<{ readonly id: string; readonly name: string; readonly hasEnv: boolean }>();
  const then = useRef({ fill, fail });
  useEffect(() => {
    if (from === null) return;
    api
      .query(JobDetailDocument, { id: from })
      .then(({ job }) => {
        if (job === null) return;
        then.current.fill(fieldsOf(job));
        setOriginal({ id: job.id, name: job.name, hasEnv: job.envNames.length > 0 });
      })
      .catch((failure: unknown) => then.current.fail(asApiError(failure)));
  }, [api, from]);
  return original;
}
