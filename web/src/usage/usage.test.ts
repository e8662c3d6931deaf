import { describe, expect, test } from "vitest";
import { amounts, everyDay, type Group, nameOf, sinceDays, toCsv, usedPart } from "./usage";

const NOW = new Date("2030-03-01T23:30:00Z");
const NOBODY: Group = { user: null, modelType: null, gpuType: null, organization: null };
const seconds = (allocatedGpuSeconds: number, observedGpuSeconds: number, usedGpuSeconds: number) => ({ allocatedGpuSeconds, observedGpuSeconds, usedGpuSeconds });

describe("what was held", () => {
  test("is used, idle or not known, and the three are all of it", () => {
    expect(amounts(seconds(36_000, 18_000, 9000))).toEqual({ held: 10, used: 2.5, idle: 2.5, unknown: 5 });
    expect(usedPart(amounts(seconds(36_000, 18_000, 9000)))).toBe(0.5);
  });

  test("and never told of is not zero percent used", () => {
    expect(usedPart(amounts(seconds(36_000, 0, 0)))).toBeUndefined();
    expect(amounts(seconds(0, -0, -0))).toEqual({ held: 0, used: 0, idle: 0, unknown: 0 });
  });
});

describe("days", () => {
  test("are those of UTC, over the end of a month", () => {
    expect(sinceDays(3, NOW)).toBe("2030-02-27T00:00:00.000Z");
  });

  test("on which nothing was held are there, too", () => {
    const days = everyDay([{ ...seconds(3600, 0, 0), day: "2030-02-28T00:00:00Z" }], 3, NOW);
    expect(days.map(({ day, amounts: { held } }) => [day, held])).toEqual([["2030-03-01", 0], ["2030-02-28", 1], ["2030-02-27", 0]]);
  });
});

describe("groups and files", () => {
  test("a group without a name says so", () => {
    expect(nameOf({ ...NOBODY, modelType: "" }, "model")).toBe("none named");
    expect(nameOf({ ...NOBODY, organization: { slug: "vision", name: "Vision Lab" } }, "organization")).toBe("Vision Lab");
  });

  test("a file has one line for each group and day, and no cell that a spreadsheet would run or split", () => {
    const rows = ['=HYPERLINK("x")', "a,b"].map((user) => ({ ...NOBODY, ...seconds(3600, 3600, 1800), user, jobs: 2, day: "2030-02-28T00:00:00Z" }));
    expect(toCsv(rows, "user").split("\n").slice(1)).toEqual(['2030-02-28,"\'=HYPERLINK(""x"")",2,1.0000,0.5000,0.5000,0.0000', '2030-02-28,"a,b",2,1.0000,0.5000,0.5000,0.0000', ""]);
  });
});
