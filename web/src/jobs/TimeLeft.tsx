// How long a running job has until its limit ends it.
import type { Job } from "../live/jobStore";
import { useClockText } from "../ui/time";
import { timeLeft } from "./jobTimes";

export function TimeLeft({ job }: { readonly job: Job }) {
  return <>{useClockText((now) => timeLeft(job, now))}</>;
}
