// The fleet in one sentence, live, and read aloud at most every ten seconds.
import { useEffect, useRef, useState } from "react";
import { fleetSentence } from "../fleet/fleetSentence";
import { Meter } from "../ui/Meter";
import { useCell } from "../ui/useCell";
import styles from "./FleetTotals.module.css";
import { useWorkspace } from "./LiveContext";
import { SimulatedBanner } from "./SimulatedBanner";

const SPOKEN_EVERY_MS = 10_000;

export function FleetTotals() {
  const totals = useCell(useWorkspace().fleet.totals);
  const sentence = totals === undefined ? "" : fleetSentence(totals);
  const spoken = useThrottled(sentence, SPOKEN_EVERY_MS);
  return (
    <div className={styles.strip}>
      <p className={styles.sentence} aria-label="Fleet totals">
        {sentence === "" ? "Counting GPUs and jobs…" : sentence}
      </p>
      {totals !== undefined && totals.gpus > 0 && (
        <span className={styles.meter}>
          <Meter value={totals.gpusAllocated / totals.gpus} family="run" />
        </span>
      )}
      <SimulatedBanner />
      <p className="visually-hidden" aria-live="polite">
        {spoken}
      </p>
    </div>
  );
}

/** The newest value, but at most one change per interval. */
function useThrottled(value: string, intervalMs: number): string {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + intervalMs - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setShown(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, intervalMs]);
  return shown;
}
