// Why a job waits: everything that must change before it can start, with the numbers, and what would start it now.
import type { ReactNode } from "react";
import { formatDuration, plural } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Glyph } from "../ui/StatusMark";
import { useClockText } from "../ui/time";
import { ApplySuggestion } from "./ApplySuggestion";
import { type StartEstimate, startEstimate } from "./startEstimate";
import type { Suggestion } from "./suggestion";
import type { Detail } from "./useJobDetail";
import styles from "./WhyPanel.module.css";

type Pending = NonNullable<Detail["pending"]>;

export function WhyPanel({ job }: { readonly job: Detail }) {
  const { pending } = job;
  if (pending === null) return null;
  return (
    <Panel title="Why it waits" shortcut="w" aside={<Place pending={pending} />}>
      <Blockers blockers={pending.blockers} />
      <Suggestions suggestions={pending.suggestions} action={(suggestion) => <ApplySuggestion job={job} suggestion={suggestion} />} />
      <Quality quality={pending.estimateQuality} />
    </Panel>
  );
}

interface Blocker {
  readonly code: string;
  readonly message: string;
}

export function Blockers({ blockers }: { readonly blockers: readonly Blocker[] }) {
  return (
    <ul className={styles.blockers} aria-label="Blockers">
      {blockers.map(({ code, message }) => (
        <li key={`${code} ${message}`} className={styles.blocker}>
          <Glyph family="wait" shape="clock" />
          <span className={styles.message}>{message}</span>
          <code className={styles.code}>{code}</code>
        </li>
      ))}
    </ul>
  );
}

interface SuggestionsProps {
  readonly suggestions: readonly Suggestion[];
  readonly action: (suggestion: Suggestion) => ReactNode;
}

export function Suggestions({ suggestions, action }: SuggestionsProps) {
  if (suggestions.length === 0) return null;
  return (
    <>
      <h3 className={styles.heading}>It would start now</h3>
      <ul className={styles.blockers} aria-label="Suggestions">
        {suggestions.map((suggestion) => (
          <li key={`${suggestion.code} ${suggestion.message}`} className={`${styles.blocker} ${styles.suggestion}`}>
            <Glyph family="good" shape="tick" />
            <span className={styles.message}>{suggestion.message}</span>
            {action(suggestion)}
          </li>
        ))}
      </ul>
    </>
  );
}

export function Place({ pending }: { readonly pending: StartEstimate & { readonly position: number } }) {
  const soonest = pending.medianStartAt ?? pending.estimatedStartAt;
  const until = useClockText((now) => (soonest === null ? "" : `, in ${formatDuration(Date.parse(soonest) - now)}`));
  const estimate = startEstimate(pending);
  return (
    <>
      <span>{pending.position === 0 ? "First in its queue" : `${plural(pending.position, "job")} ahead of it`}</span>
      <span>{estimate === "" ? "No estimate yet" : `Starts ${estimate}${until}`}</span>
    </>
  );
}

/** How far such estimates are to be trusted. */
function Quality({ quality }: { readonly quality: Pending["estimateQuality"] }) {
  if (quality === null) return null;
  const { jobs, withinNinetyPercent, medianMissSeconds } = quality;
  return (
    <p className={styles.quality}>
      Of the last {plural(jobs, "job")}, {Math.round(withinNinetyPercent * 100)} % started by the time of nine chances of ten; half of the likely
      times were off by {formatDuration(medianMissSeconds * 1000)} at most.
    </p>
  );
}
