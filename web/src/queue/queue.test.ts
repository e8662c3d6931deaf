import { describe, expect, test } from "vitest";
import { aJob } from "../jobs/testJobs";
import type { Organization } from "../live/organizationStore";
import { inTheirPlaces } from "./places";
import { mostStarvedFirst, scaleOf, shareOf } from "./share";

function anOrganization(slug: string, used: number, guaranteed: number, queuedJobs = 0, maxGpus: number | null = null): Organization {
  return {
    id: slug,
    version: 1,
    slug,
    name: slug,
    weight: 1,
    createdAt: "2030-01-01T12:00:00Z",
    quota: { guaranteedGpus: guaranteed, maxGpus, maxQueuedJobs: null },
    idlePolicy: { action: "NOTIFY", windowMinutes: 30, graceMinutes: 15, utilizationPercent: 5 },
    usage: { allocatedGpus: used, runningJobs: 0, queuedJobs },
  };
}

describe("an organization's share", () => {
  test("counts as borrowed what is beyond its guarantee", () => {
    expect(shareOf(anOrganization("a", 6, 4, 0, 8))).toEqual({ used: 6, guaranteed: 4, borrowed: 2, ceiling: 8 });
    expect(shareOf(anOrganization("a", 2, 4))).toEqual({ used: 2, guaranteed: 4, borrowed: 0, ceiling: undefined });
  });

  test("is drawn on a scale that holds the fleet and every promise", () => {
    const shares = [anOrganization("a", 6, 4, 0, 32), anOrganization("b", 1, 40)].map(shareOf);
    expect([scaleOf(shares, 16), scaleOf([], 16), scaleOf([], 0)]).toEqual([40, 16, 1]);
  });
});

test("the most starved come first: who waits, and holds least of its own", () => {
  const sorted = mostStarvedFirst([anOrganization("idle", 0, 8), anOrganization("fed", 4, 4, 3), anOrganization("starved", 1, 4, 1), anOrganization("also-idle", 0, 8)]);
  expect(sorted.map(({ slug }) => slug)).toEqual(["starved", "fed", "also-idle", "idle"]);
});

test("waiting jobs stand in their places; who has none yet stands last", () => {
  const pending = (position: number) => ({ position, estimatedStartAt: null, medianStartAt: null, ninetyPercentStartAt: null, blockers: [] });
  const jobs = [aJob({ id: "new" }), aJob({ id: "second", pending: pending(1) }), aJob({ id: "first", pending: pending(0) })];
  expect(inTheirPlaces(jobs).map(({ id }) => id)).toEqual(["first", "second", "new"]);
});
