// What becomes of an organization's jobs that hold GPUs and do not use them, in words.
import type { Organization } from "../live/organizationStore";

type IdlePolicy = Organization["idlePolicy"];

export function idlePolicyWords({ action, windowMinutes, graceMinutes, utilizationPercent }: IdlePolicy): string {
  if (action === "NOTHING") return "nobody looks";
  const then = action === "STOP" ? `stopped ${graceMinutes} min later, to wait again` : `told of again ${graceMinutes} min later`;
  return `warned after ${windowMinutes} min below ${utilizationPercent} %, ${then}`;
}
