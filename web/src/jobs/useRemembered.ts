// A long list has forgotten jobs that were out of sight: those that come into sight again are asked for.
import { useEffect } from "react";
import { useWorkspace } from "../app/LiveContext";

const SETTLES_MS = 60;

export function useRemembered(inSight: readonly string[]): void {
  const { jobs } = useWorkspace();
  const missing = inSight.filter((id) => jobs.jobs.get(id) === undefined).join(" ");
  useEffect(() => {
    if (missing === "") return undefined;
    // What is scrolled by is not asked for. A failure leaves the row empty until it comes into sight anew.
    const timer = setTimeout(() => void jobs.remember(missing.split(" ")).catch(() => undefined), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [jobs, missing]);
}
