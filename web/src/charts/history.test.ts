import { describe, expect, test } from "vitest";
import { align, METRICS, type Sample, spanOf, stepsIn, summary } from "./history";

const MINUTE = 60_000;

function sample(minute: number, percent: number | null): Sample {
  return {
    at: new Date(minute * MINUTE).toISOString(),
    utilizationPercent: percent,
    peakUtilizationPercent: percent,
    memoryUsedMib: null,
    temperatureCelsius: null,
    powerWatts: null,
  };
}

describe("history on one axis", () => {
  const { utilization } = METRICS;

  test("a step in which nothing was told stays empty", () => {
    const aligned = align([[sample(10, 1), sample(12, 3)], [sample(11, 2)]], 60, utilization.valueOf);
    expect(aligned).toEqual({ times: [600, 660, 720], values: [[1, null, 3], [null, 2, null]] });
  });

  test("no history makes no steps", () => {
    expect(align([[]], 60, utilization.valueOf)).toEqual({ times: [], values: [[]] });
  });

  test("is told in words, too", () => {
    expect(summary(utilization, align([[sample(1, 10), sample(2, 30)]], 60, utilization.valueOf))).toBe("Utilization: 10 to 30 %, 20 % on average.");
    expect(summary(utilization, { times: [], values: [[]] })).toContain("nothing was told");
  });
});

describe("a span", () => {
  test.each([
    [30 * MINUTE, 60],
    [24 * 60 * MINUTE, 360],
    [30 * 24 * 60 * MINUTE, 10_800],
  ])("of %i ms has steps of %i s, whole minutes and at most 240", (length, step) => {
    const span = spanOf(0, undefined, length);
    expect(span.stepSeconds).toBe(step);
    expect(stepsIn(span, length)).toBeLessThanOrEqual(241);
  });
});
