// Keeps the readings of some GPUs fresh as long as the component is shown.
import { useEffect } from "react";
import { useWorkspace } from "../app/LiveContext";

export function useReadings(gpuIds: readonly string[]): void {
  const { watch } = useWorkspace().fleet;
  const key = gpuIds.join(" ");
  useEffect(() => (key === "" ? undefined : watch.look(key.split(" "))), [watch, key]);
}
