// The life of a job in steps, each as long as it took.
import type { Job } from "../live/jobStore";
import { formatClock, formatInstant } from "../ui/format";
import { Duration, useClockText } from "../ui/time";
import { isFinished } from "./jobStatus";
import { isLoan } from "./jobText";
import { spanMs, type Step, type StepKind, steps } from "./jobTimes";
import styles from "./Timeline.module.css";

export function Timeline({ job }: { readonly job: Job }) {
  const all = steps(job);
  return (
    <>
      <Bar parts={all} />
      <ol className={styles.steps}>
        <Moment name="Submitted" at={job.submittedAt} />
        {all.map((step) => (
          <StepLine key={step.kind} step={step} loan={isLoan(job)} ended={isFinished(job.status)} />
        ))}
        {job.finishedAt !== null && <Moment name="Finished" at={job.finishedAt} />}
      </ol>
    </>
  );
}

/** The least share that a step takes of the bar, so that a short one can be seen. */
const LEAST_SHARE = 0.02;

function Bar({ parts }: { readonly parts: readonly Step[] }) {
  // Rounded to whole seconds of the shared clock; a bar needs no more.
  const lengths = useClockText((now) => parts.map((part) => spanMs(part, now)).join(" ")).split(" ").map(Number);
  const total = Math.max(1, lengths.reduce((sum, length) => sum + length, 0));
  return (
    <div className={styles.bar} aria-hidden="true">
      {parts.map((part, index) => (
        <span key={part.kind} className={styles.part} data-kind={part.kind} style={{ flexGrow: Math.max(LEAST_SHARE, (lengths[index] ?? 0) / total) }} />
      ))}
    </div>
  );
}

const WORDS: Readonly<Record<StepKind, readonly [present: string, past: string]>> = {
  waited: ["Waiting", "Waited"],
  starting: ["Starting", "Started after"],
  ran: ["Running", "Ran"],
};

function StepLine({ step, loan, ended }: { readonly step: Step; readonly loan: boolean; readonly ended: boolean }) {
  const goesOn = step.until === undefined && !ended;
  const [present, past] = loan && step.kind === "ran" ? ["On loan", "Was on loan"] : WORDS[step.kind];
  return (
    <>
      {step.kind !== "waited" && <Moment name={step.kind === "starting" ? "Allocated" : "Started"} at={new Date(step.from).toISOString()} />}
      <li className={styles.span} data-kind={step.kind}>
        {goesOn ? present : past} <Duration from={step.from} until={step.until} />
      </li>
    </>
  );
}

function Moment({ name, at }: { readonly name: string; readonly at: string }) {
  return (
    <li className={styles.moment}>
      <span className={styles.name}>{name}</span>
      <time dateTime={at} title={formatInstant(at)}>
        {formatClock(at)}
      </time>
    </li>
  );
}
