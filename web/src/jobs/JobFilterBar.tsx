// Everything but the status that a list of jobs can be narrowed by, and its order.
import { type FormEvent, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { useOrganizations } from "../organizations/useOrganizations";
import { Button } from "../ui/Button";
import { SearchField, Select } from "../ui/controls";
import styles from "./JobFilterBar.module.css";
import { EVERY_JOB, hasWords, type JobView, parseLabel, type Sort } from "./jobView";

interface Props {
  readonly view: JobView;
  readonly onChange: (changes: Partial<JobView>) => void;
}

const SORT_NAMES: ReadonlyArray<readonly [Sort | "", string]> = [
  ["", "Active first"],
  ["newest", "Newest first"],
  ["oldest", "Oldest first"],
  ["priority", "Highest priority first"],
  ["updated", "Last changed first"],
];

export function JobFilterBar({ view, onChange }: Props) {
  return (
    <div className={styles.bar} role="search" aria-label="Jobs">
      <SearchField label="Search by name" shortcut value={view.text} onChange={(text) => onChange({ text })} />
      <SearchField label="Model type" value={view.model} onChange={(model) => onChange({ model })} />
      <OrganizationChoice view={view} onChange={onChange} />
      <SubmitterFilter view={view} onChange={onChange} />
      <LabelFilter view={view} onChange={onChange} />
      <Select
        label="Order"
        value={view.sort ?? ""}
        options={SORT_NAMES}
        onChange={(sort) => onChange({ sort: sort === "" ? undefined : (sort as Sort) })}
      />
      {hasWords(view) && (
        <Button kind="quiet" onClick={() => onChange({ ...EVERY_JOB, statuses: view.statuses, sort: view.sort })}>
          Clear filters
        </Button>
      )}
    </div>
  );
}

function OrganizationChoice({ view, onChange }: Props) {
  const { viewer } = useWorkspace();
  const state = useOrganizations();
  if (viewer.role !== "OPERATOR" || state.phase !== "ready") return null;
  const options = [["", "All organizations"], ...state.all.map(({ slug, name }) => [slug, name] as const)] as const;
  return <Select label="Organization" value={view.organization} options={options} onChange={(organization) => onChange({ organization })} />;
}

/** The viewer's own, or those of somebody whom the address names. */
function SubmitterFilter({ view, onChange }: Props) {
  const { subject } = useWorkspace().viewer;
  if (view.by !== "" && view.by !== subject) {
    return (
      <button type="button" className={styles.chip} aria-label={`Do not filter by who submitted: ${view.by}`} onClick={() => onChange({ by: "" })}>
        by {view.by} <span aria-hidden="true">×</span>
      </button>
    );
  }
  return (
    <Button aria-pressed={view.by === subject} onClick={() => onChange({ by: view.by === subject ? "" : subject })}>
      Mine
    </Button>
  );
}

function LabelFilter({ view, onChange }: Props) {
  const [text, setText] = useState("");
  const add = (event: FormEvent): void => {
    event.preventDefault();
    const label = parseLabel(text);
    if (label === undefined) return;
    setText("");
    onChange({ labels: [...view.labels, label] });
  };
  const drop = (dropped: string): void => onChange({ labels: view.labels.filter(({ key, value }) => `${key}=${value}` !== dropped) });
  return (
    <form className={styles.labels} onSubmit={add}>
      <input
        className={styles.label}
        aria-label="Label, as key=value"
        placeholder="label: key=value"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {view.labels.map(({ key, value }) => (
        <button key={`${key}=${value}`} type="button" className={styles.chip} aria-label={`Do not filter by ${key}=${value}`} onClick={() => drop(`${key}=${value}`)}>
          {key}={value} <span aria-hidden="true">×</span>
        </button>
      ))}
    </form>
  );
}
