// What an organization holds beside what it is guaranteed and may hold at most, as lengths on one scale for all of them.
import type { Organization } from "../live/organizationStore";

export interface Share {
  readonly used: number;
  readonly guaranteed: number;
  /** Held beyond what is guaranteed: others may want it back. */
  readonly borrowed: number;
  /** Undefined: no ceiling. */
  readonly ceiling: number | undefined;
}

export function shareOf({ usage, quota }: Pick<Organization, "usage" | "quota">): Share {
  return {
    used: usage.allocatedGpus,
    guaranteed: quota.guaranteedGpus,
    borrowed: Math.max(0, usage.allocatedGpus - quota.guaranteedGpus),
    ceiling: quota.maxGpus ?? undefined,
  };
}

/** The end of the scale: all that there is, or more where somebody is promised more. */
export function scaleOf(shares: readonly Share[], fleetGpus: number): number {
  return Math.max(1, fleetGpus, ...shares.map(({ used, guaranteed, ceiling }) => Math.max(used, guaranteed, ceiling ?? 0)));
}

/** Those with waiting jobs first; among them, who has least of what is its own; then by name. */
export function mostStarvedFirst(organizations: readonly Organization[]): Organization[] {
  const waits = (one: Organization): number => Number(one.usage.queuedJobs > 0);
  return [...organizations].sort((a, b) => waits(b) - waits(a) || fed(a) - fed(b) || a.slug.localeCompare(b.slug));
}

/** Of what is guaranteed; without a guarantee, of what its weight stands for. */
function fed({ usage, quota, weight }: Organization): number {
  return usage.allocatedGpus / Math.max(quota.guaranteedGpus, weight);
}
