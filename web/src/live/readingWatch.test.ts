import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ReadingWatch } from "./readingWatch";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { visibilityState: "visible" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function world() {
  const asked: string[][] = [];
  const watch = new ReadingWatch(async (ids) => void asked.push([...ids]));
  return { watch, asked };
}

describe("the readings in sight", () => {
  test("are asked for at once and together, and again as often as agents report", async () => {
    const { watch, asked } = world();
    watch.look(["a"]);
    watch.look(["b", "a"]);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([["a", "b"]]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(2);
  });

  test("are left alone when nobody looks any more", async () => {
    const { watch, asked } = world();
    const [first, second] = [watch.look(["a"]), watch.look(["a", "b"])];
    await vi.advanceTimersByTimeAsync(0);
    first();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked.at(-1)).toEqual(["a", "b"]);
    second();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);
  });

  test("of a large fleet are asked for less often", async () => {
    const { watch, asked } = world();
    watch.look(Array.from({ length: 4000 }, (_, index) => `${index}`));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toHaveLength(2);
  });

  test("are not asked for while the tab is hidden", async () => {
    const { watch, asked } = world();
    vi.stubGlobal("document", { visibilityState: "hidden" });
    watch.look(["a"]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toEqual([]);
  });
});
