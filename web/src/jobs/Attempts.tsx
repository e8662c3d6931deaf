// Every attempt of a job: when, on which GPUs, and how it ended.
import { Link } from "wouter";
import { gpuPath } from "../fleet/fleetPaths";
import { formatClock, formatInstant } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Duration } from "../ui/time";
import { type Attempt, attemptsOf } from "./attempts";
import styles from "./Attempts.module.css";
import type { Detail } from "./useJobDetail";

export function Attempts({ job }: { readonly job: Detail }) {
  const attempts = attemptsOf(job.allocations, job.events.nodes);
  if (attempts.length === 0) return null;
  return (
    <Panel title="Attempts" aside={`at most ${job.maxRetries + 1}`}>
      <ol className={styles.attempts}>
        {attempts.map((attempt) => (
          <AttemptLine key={attempt.number} attempt={attempt} />
        ))}
      </ol>
    </Panel>
  );
}

function AttemptLine({ attempt }: { readonly attempt: Attempt }) {
  const began = new Date(attempt.from).toISOString();
  return (
    <li className={styles.attempt}>
      <strong>Attempt {attempt.number}</strong>
      <time dateTime={began} title={formatInstant(began)} className={styles.muted}>
        {formatClock(attempt.from)}
      </time>
      <span>
        {attempt.until === undefined ? "holds its GPUs for" : "held its GPUs for"} <Duration from={attempt.from} until={attempt.until} />
      </span>
      <span className={styles.gpus}>
        {attempt.gpus.map(({ id, name }) => (
          <Link key={id} href={gpuPath(id)}>
            {name}
          </Link>
        ))}
      </span>
      {attempt.lastWord !== undefined && <span className={styles.word}>{attempt.lastWord}</span>}
    </li>
  );
}
