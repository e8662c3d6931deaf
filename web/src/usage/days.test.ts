import { describe, expect, test } from "vitest";
import { bounds, dayName, gpuHours, lastDays, toCsv } from "./days";

const NOW = new Date("2030-03-01T15:30:00Z");

describe("the last days", () => {
  test("end with today, and go over the end of a month", () => {
    expect(lastDays(3, NOW, "utc").map((day) => dayName(day, "utc"))).toEqual(["2030-02-27", "2030-02-28", "2030-03-01"]);
  });

  test("are asked for by where each begins, up to the end of today", () => {
    const { d0, d9, d10 } = bounds(NOW, 10, "utc");
    expect([d0, d9, d10]).toEqual(["2030-02-20T00:00:00.000Z", "2030-03-01T00:00:00.000Z", "2030-03-02T00:00:00.000Z"]);
    expect(bounds(NOW, 20, "utc").d10).toBe(d0);
  });

  test("as they are here begin at midnight here", () => {
    expect(lastDays(2, NOW, "local").every((day) => day.getHours() === 0 && day.getMinutes() === 0)).toBe(true);
  });
});

test("seconds become hours, in the order of the days", () => {
  const days = { day0: 3600, day1: -0, day2: 1800, day3: 0, day4: 0, day5: 0, day6: 0, day7: 0, day8: 0, day9: 7200 };
  expect(gpuHours(days)).toEqual([1, 0, 0.5, 0, 0, 0, 0, 0, 0, 2]);
});

test("the file has one line for each organization and day", () => {
  expect(toCsv(["2030-01-01", "2030-01-02"], [{ slug: "vision", name: "Vision", hours: [1.5, 0] }])).toBe(
    "organization,day,gpu_hours_allocated\nvision,2030-01-01,1.5000\nvision,2030-01-02,0.0000\n",
  );
});
