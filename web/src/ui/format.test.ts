import { describe, expect, test } from "vitest";
import { formatAgo, formatDuration, formatMemoryUse, formatPercent, formatSpan, plural, shortGpuType, shortId } from "./format";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

describe("durations", () => {
  test.each([
    [-5, "0 s"],
    [42 * SECOND, "42 s"],
    [185 * SECOND, "3 min 05 s"],
    [2 * HOUR + 600 * SECOND, "2 h 10 min"],
    [123 * HOUR, "5 d 3 h"],
  ])("%i ms is %j", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test("a span below a second is told in milliseconds", () => {
    expect([formatSpan(0), formatSpan(12), formatSpan(1500)]).toEqual(["under 1 ms", "12 ms", "1 s"]);
  });

  test.each([
    [900, "just now"],
    [59 * SECOND, "59 s ago"],
    [61 * SECOND, "1 min ago"],
    [25 * HOUR, "1 d ago"],
  ])("%i ms ago is %j", (milliseconds, text) => {
    expect(formatAgo(milliseconds)).toBe(text);
  });
});

describe("numbers", () => {
  test("unknown is never drawn as zero", () => {
    expect([formatPercent(null), formatPercent(0), formatMemoryUse(undefined, 81_920), formatMemoryUse(0, 81_920)]).toEqual([
      "–",
      "0 %",
      "– / 80 GiB",
      "0 / 80 GiB",
    ]);
  });

  test("counts carry their noun", () => {
    expect([plural(1, "GPU"), plural(0, "job"), plural(1234, "line")]).toEqual(["1 GPU", "0 jobs", "1,234 lines"]);
  });
});

test("names are short where they say nothing", () => {
  expect(shortGpuType("NVIDIA A100-SXM4-80GB")).toBe("A100-SXM4-80GB");
  expect(shortGpuType("NVIDIA GeForce RTX 4090")).toBe("RTX 4090");
  expect(shortId("Sm9iOjAxOTk=")).toBe("iOjAxOTk");
});
