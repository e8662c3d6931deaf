// How many GPUs are in which state, and what the shapes mean; pressing one shows only those.
import { useWorkspace } from "../app/LiveContext";
import type { FleetStore } from "../live/fleetStore";
import { Button } from "../ui/Button";
import { StatusMark } from "../ui/StatusMark";
import { useCell, useRevision } from "../ui/useCell";
import { gpuStateNow } from "./gpuNow";
import { GPU_STATES, type GpuState, presentGpu } from "./gpuState";
import styles from "./Legend.module.css";

interface Props {
  readonly chosen: readonly GpuState[];
  readonly onChoose: (states: readonly GpuState[]) => void;
}

export function Legend({ chosen, onChoose }: Props) {
  const { fleet } = useWorkspace();
  useRevision(fleet.gpus);
  useCell(fleet.readingRevision);
  const counts = countStates(fleet);
  const toggle = (state: GpuState): void => {
    const without = chosen.filter((other) => other !== state);
    onChoose(without.length === chosen.length ? [...chosen, state] : without);
  };
  return (
    <div className={styles.legend} role="group" aria-label="GPUs by state">
      {GPU_STATES.filter((state) => counts.has(state) || chosen.includes(state)).map((state) => (
        <button key={state} type="button" className={styles.entry} aria-pressed={chosen.includes(state)} onClick={() => toggle(state)}>
          <strong>{(counts.get(state) ?? 0).toLocaleString("en")}</strong>
          <StatusMark presentation={presentGpu(state)} status={state} />
        </button>
      ))}
      {chosen.length > 0 && (
        <Button kind="quiet" onClick={() => onChoose([])}>
          Show all
        </Button>
      )}
    </div>
  );
}

function countStates(fleet: FleetStore): Map<GpuState, number> {
  const counts = new Map<GpuState, number>();
  for (const { id } of fleet.gpus.values()) {
    const state = gpuStateNow(fleet, id);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}
