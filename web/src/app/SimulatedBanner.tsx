// Nobody may take a played GPU for a real one.
import { useMemo } from "react";
import { useRevision } from "../ui/useCell";
import { useWorkspace } from "./LiveContext";
import styles from "./SimulatedBanner.module.css";

export function SimulatedBanner() {
  const { gpus } = useWorkspace().fleet;
  const revision = useRevision(gpus);
  const { simulated, all } = useMemo(() => {
    const values = gpus.values();
    return { simulated: values.filter((gpu) => gpu.simulated).length, all: values.length, revision };
  }, [gpus, revision]);
  if (simulated === 0) return null;
  return (
    <div className={styles.banner} role="note">
      <strong>Simulated GPUs:</strong> no such cards exist; the agent plays them.
      {simulated < all && ` ${simulated} of ${all} are simulated, marked “sim”.`}
    </div>
  );
}
