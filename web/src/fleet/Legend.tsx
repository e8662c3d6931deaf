// How many GPUs are in which state, and what the shapes mean.
import { useWorkspace } from "../app/LiveContext";
import type { FleetStore } from "../live/fleetStore";
import { StatusMark } from "../ui/StatusMark";
import { useCell, useRevision } from "../ui/useCell";
import { GPU_STATES, type GpuState, gpuState, presentGpu } from "./gpuState";
import styles from "./Legend.module.css";

export function Legend() {
  const { fleet } = useWorkspace();
  useRevision(fleet.gpus);
  useCell(fleet.readingRevision);
  const counts = countStates(fleet);
  return (
    <ul className={styles.legend} aria-label="GPUs by state">
      {GPU_STATES.filter((state) => counts.has(state)).map((state) => (
        <li key={state} className={styles.entry}>
          <strong>{counts.get(state)}</strong>
          <StatusMark presentation={presentGpu(state)} status={state} />
        </li>
      ))}
    </ul>
  );
}

function countStates(fleet: FleetStore): Map<GpuState, number> {
  const counts = new Map<GpuState, number>();
  for (const gpu of fleet.gpus.values()) {
    const state = gpuState({ ...gpu, use: fleet.reading(gpu.id).get()?.use ?? null });
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}
