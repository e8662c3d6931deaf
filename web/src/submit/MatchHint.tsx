// Before submitting: how many of the GPUs that the viewer sees would fit, and how many of those are free.
import { useWorkspace } from "../app/LiveContext";
import { countMatches } from "../fleet/gpuMatch";
import { plural } from "../ui/format";
import { Glyph } from "../ui/StatusMark";
import { useCell, useRevision } from "../ui/useCell";
import styles from "./MatchHint.module.css";
import { numberOrNull, type SubmissionFields, typeList } from "./submission";

export function MatchHint({ fields }: { readonly fields: SubmissionFields }) {
  const { gpus, feed } = useWorkspace().fleet;
  useRevision(gpus);
  const { phase } = useCell(feed.state);
  const wanted = numberOrNull(fields.gpus) ?? 1;
  const { matching, free } = countMatches(gpus.values(), {
    gpuTypes: typeList(fields.gpuTypes),
    minMemoryGb: numberOrNull(fields.minMemoryGb),
  });
  const enough = free >= wanted;
  if (phase === "loading") {
    return (
      <p className={styles.hint} aria-label="Matching GPUs">
        Counting the GPUs…
      </p>
    );
  }
  return (
    <p className={styles.hint} aria-label="Matching GPUs">
      {matching < wanted ? <Glyph family="bad" shape="cross" /> : <Glyph family={enough ? "good" : "wait"} shape={enough ? "tick" : "clock"} />}
      <span>
        {matching} of {plural(gpus.size, "GPU")} match, {free} free now.
        {matching < wanted && " Such a job is accepted and waits until the fleet has enough of them."}
      </span>
    </p>
  );
}
