import type { Gpu } from "../live/fleetStore";

/** A number for each organization that holds something, in the order of their slugs: it chooses the colour on the map. */
export function numberOrganizations(gpus: readonly Gpu[]): Map<string, number> {
  const slugs = new Set(gpus.flatMap((gpu) => gpu.allocations.map(({ job }) => job.organization.slug)));
  return new Map([...slugs].sort().map((slug, index) => [slug, index]));
}
