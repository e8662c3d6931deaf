// The fleet in one sentence. Every count carries its noun, so that it can be read aloud.
import type { FleetTotalsFragment } from "../generated/graphql";
import { plural } from "../ui/format";

export function fleetSentence(totals: FleetTotalsFragment): string {
  const parts = [
    totals.gpus === 0 ? "No GPU has joined yet" : `${totals.gpusAllocated.toLocaleString("en")} of ${plural(totals.gpus, "GPU")} busy`,
    `${plural(totals.jobsQueued, "job")} waiting`,
    `${totals.jobsRunning.toLocaleString("en")} running`,
  ];
  if (totals.gpusUnavailable > 0) parts.push(`${plural(totals.gpusUnavailable, "GPU")} out of service`);
  return parts.join(", ");
}
