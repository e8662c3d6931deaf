// The form's state: what is typed, what is wrong with it, and sending it.
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { JobDetailDocument, SubmitJobDocument, SubmitJobsDocument } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import type { Suggestion } from "../jobs/suggestion";
import type { Detail } from "../jobs/useJobDetail";
import { randomKey } from "../ui/randomKey";
import { type Checked, checkSubmission } from "./checkSubmission";
import { fieldsOf, wishFields } from "./clone";
import type { Submission } from "./snippets";
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
  const key = useRef(randomKey());
  const checked = checkSubmission(fields);
  const submission = submissionOf(checked);
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
    if (submission === undefined) return focusField(form, Object.keys(fields).find((name) => checked.problems?.[name as FieldName] !== undefined));
    setBusy(true);
    setError(undefined);
    send({ ...submission, input: { ...submission.input, idempotencyKey: key.current } })
      .then(go)
      .catch((failure: unknown) => {
        const answer = asApiError(failure);
        setError(answer);
        setBusy(false);
        focusField(form, fieldOfPath(answer.field));
      });
  };
  /** Sends it, and answers where what was made is seen. */
  const send = async ({ input, times }: Submission): Promise<string> => {
    if (times === 1) {
      const { submitJob } = await api.mutate(SubmitJobDocument, { input });
      jobs.takeNew(submitJob.job);
      return jobPath(submitJob.job.id);
    }
    const { submitJobs } = await api.mutate(SubmitJobsDocument, { input: { jobs: [input], times } });
    submitJobs.jobs.forEach((job) => jobs.takeNew(job));
    return `/jobs?${new URLSearchParams({ q: input.name }).toString()}`;
  };
  const apply = (suggestion: Suggestion): void => setFields((before) => ({ ...before, ...suggestedFields(suggestion) }));
  return { fields, set, problem, submit, apply, busy, error: refused === undefined ? error : undefined, submission, original };
}

function submissionOf({ submission }: Checked): Submission | undefined {
  return submission === undefined ? undefined : { input: toInput(submission), times: submission.times };
}

function suggestedFields(suggestion: Suggestion): Partial<SubmissionFields> {
  if (suggestion.code === "RELEASE") return { hold: "" };
  return { ...wishFields(suggestion), ...(suggestion.code === "WITHOUT_IMAGE" && { image: "" }) };
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

interface Original {
  readonly id: string;
  readonly name: string;
  readonly hasEnv: boolean;
  /** The suggestion that was taken over, in its own words. */
  readonly applied: string | undefined;
}

/** The job named by ?from=, whose submission is to be changed; ?apply= names one of its suggestions. */
function useOriginal(fill: (fields: SubmissionFields) => void, fail: (error: ApiError) => void) {
  const { api } = useWorkspace();
  const [parameters] = useSearchParams();
  const from = parameters.get("from");
  const code = parameters.get("apply");
  const [original, setOriginal] = useState<Original>();
  const then = useRef({ fill, fail });
  useEffect(() => {
    if (from === null) return;
    api
      .query(JobDetailDocument, { id: from })
      .then(({ job }) => {
        if (job === null) return;
        const applied = suggestionOf(job, code);
        then.current.fill({ ...fieldsOf(job), ...(applied !== undefined && suggestedFields(applied)) });
        setOriginal({ id: job.id, name: job.name, hasEnv: job.envNames.length > 0, applied: applied?.message });
      })
      .catch((failure: unknown) => then.current.fail(asApiError(failure)));
  }, [api, from, code]);
  return original;
}

function suggestionOf(job: Detail, code: string | null): Suggestion | undefined {
  return job.pending?.suggestions.find((suggestion) => suggestion.code === code);
}
