import { useEffect, useState } from "react";
import { announcement } from "../ui/announce";
import { useCell } from "../ui/useCell";
import styles from "./Toast.module.css";

const SHOWN_MS = 2500;

export function Toast() {
  const newest = useCell(announcement);
  const [over, setOver] = useState(newest);
  useEffect(() => {
    const timer = setTimeout(() => setOver(newest), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [newest]);
  const shown = newest === over ? undefined : newest;
  return (
    <div className={styles.place} role="status" aria-label="What a key did">
      {shown !== undefined && <span className={styles.toast}>{shown.text}</span>}
    </div>
  );
}
