// What can be done with all selected jobs at once: with those that were chosen, or with all that pass the filter, however many
// of them have been loaded.
import { useState } from "react";
import { type Workspace, useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { CancelJobDocument, CancelJobsDocument, type JobFilter, type JobStatus, RetryJobDocument, RetryJobsDocument } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { Button } from "../ui/Button";
import { formatCount, plural, shortId } from "../ui/format";
import { useRevision } from "../ui/useCell";
import { changeEach, changeMatching } from "./bulk";
import styles from "./BulkBar.module.css";
import { BulkDialog, type Deed, type Plan } from "./BulkDialog";
import { ALL_STATUSES, isCancellable, isFinished } from "./jobStatus";
import type { StatusCounts } from "./statusCounts";

interface Props {
  /** As they were when they were selected; undefined: not known. */
  readonly selected: ReadonlyMap<string, Job | undefined>;
  /** All that pass, whatever their status. */
  readonly filter: JobFilter;
  /** None: all. */
  readonly statuses: readonly JobStatus[];
  readonly counts: StatusCounts | undefined;
  readonly onClear: () => void;
}

/** Of what the server would take. */
const ALLOWED: Readonly<Record<Deed, (status: JobStatus) => boolean>> = { cancel: isCancellable, retry: (status) => isFinished(status) && status !== "SUCCEEDED" };
const EACH_ALLOWED: Readonly<Record<Deed, (status: JobStatus) => boolean>> = { cancel: isCancellable, retry: isFinished };

export function BulkBar(props: Props) {
  const { selected, statuses, counts, onClear } = props;
  const workspace = useWorkspace();
  const forbidden = useReadOnlyReason();
  useRevision(workspace.jobs.jobs);
  const [everything, setEverything] = useState(false);
  const [plan, setPlan] = useState<Plan>();
  if (selected.size === 0) return null;
  const matching = (statuses.length === 0 ? ALL_STATUSES : statuses).reduce((sum, status) => sum + (counts?.[status] ?? 0), 0);
  const all = everything && counts !== undefined;
  const planOf = (deed: Deed): Plan => (all ? planAll(workspace, props, counts, deed) : planChosen(workspace, selected, deed));
  const [cancel, retry] = [planOf("cancel"), planOf("retry")];
  const close = (done: boolean): void => {
    setPlan(undefined);
    if (!done) return;
    setEverything(false);
    onClear();
  };
  return (
    <div className={styles.bar} role="region" aria-label="Selected jobs">
      <strong>{all ? `All ${plural(matching, "job")} that pass the filter` : `${plural(selected.size, "job")} selected`}</strong>
      {!all && matching > selected.size && (
        <Button kind="quiet" onClick={() => setEverything(true)}>
          Select all {formatCount(matching)} that pass the filter
        </Button>
      )}
      <Button kind="danger" disabled={cancel.count === 0 || forbidden !== undefined} title={forbidden} onClick={() => setPlan(cancel)}>
        Cancel {formatCount(cancel.count)}
      </Button>
      <Button disabled={retry.count === 0 || forbidden !== undefined} title={forbidden} onClick={() => setPlan(retry)}>
        Retry {formatCount(retry.count)}
      </Button>
      <Button
        kind="quiet"
        onClick={() => {
          setEverything(false);
          onClear();
        }}
      >
        Select none
      </Button>
      {plan !== undefined && <BulkDialog plan={plan} onClose={close} />}
    </div>
  );
}

const NAMED = 5;

function planChosen({ api, jobs }: Workspace, selected: ReadonlyMap<string, Job | undefined>, deed: Deed): Plan {
  // Of one that is not known the server says whether it may be changed.
  const targets = [...selected].flatMap(([id, then]) => {
    const job = jobs.jobs.get(id) ?? then;
    return job === undefined || EACH_ALLOWED[deed](job.status) ? [{ id, name: job?.name ?? shortId(id) }] : [];
  });
  const names = targets.slice(0, NAMED).map(({ name }) => name).join(", ");
  const act = async (id: string): Promise<void> => {
    if (deed === "cancel") jobs.take((await api.mutate(CancelJobDocument, { input: { id } })).cancelJob.job);
    else jobs.takeNew((await api.mutate(RetryJobDocument, { input: { id } })).retryJob.job);
  };
  return {
    deed,
    count: targets.length,
    which: targets.length > NAMED ? `${names} and ${targets.length - NAMED} more.` : `${names}.`,
    run: (control) => changeEach(targets, ({ id }) => act(id), control),
  };
}

/** So many at each request, so that the progress is seen and a stop is soon heard. */
const AT_EACH_REQUEST = 200;

function planAll({ api }: Workspace, { filter, statuses }: Props, counts: StatusCounts, deed: Deed): Plan {
  const status = (statuses.length === 0 ? ALL_STATUSES : statuses).filter(ALLOWED[deed]);
  return {
    deed,
    count: status.reduce((sum, one) => sum + counts[one], 0),
    which: deed === "cancel" ? "All that pass the filter and have not ended." : "All that pass the filter, have ended otherwise than well and were not submitted anew before.",
    run: (control) => {
      // What begins meanwhile was not asked about; of what is submitted anew here, some may fail at once and pass the filter.
      const input = { filter: { ...filter, status, submittedBefore: new Date().toISOString() }, first: AT_EACH_REQUEST };
      const ask = async () => (deed === "cancel" ? (await api.mutate(CancelJobsDocument, { input })).cancelJobs : (await api.mutate(RetryJobsDocument, { input })).retryJobs);
      return changeMatching(ask, control);
    },
  };
}
