import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MOST_OF_STREAM, ReadingWatch } from "./readingWatch";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function world() {
  const open = new Set<readonly string[]>();
  let opened = 0;
  const watch = new ReadingWatch((ids) => {
    open.add(ids);
    opened += 1;
    return () => open.delete(ids);
  });
  return { watch, open: () => [...open].map((ids) => [...ids]), opened: () => opened };
}

const settle = () => vi.advanceTimersByTimeAsync(100);

describe("the readings in sight", () => {
  test("are followed together, each once", async () => {
    const { watch, open } = world();
    watch.look(["a"]);
    watch.look(["b", "a"]);
    await settle();
    expect(open()).toEqual([["a", "b"]]);
    watch.look(["c"]);
    await settle();
    expect(open()).toEqual([["a", "b"], ["c"]]);
  });

  test("are left alone when nobody looks any more", async () => {
    const { watch, open } = world();
    const [first, second] = [watch.look(["a"]), watch.look(["a", "b"])];
    await settle();
    first();
    await settle();
    expect(open()).toEqual([["a", "b"]]);
    second();
    await settle();
    expect(open()).toEqual([]);
  });

  test("of a large fleet are followed by several streams", async () => {
    const { watch, open } = world();
    watch.look(Array.from({ length: 2 * MOST_OF_STREAM + 1 }, (_, index) => `${index}`));
    await settle();
    expect(open().map((ids) => ids.length)).toEqual([MOST_OF_STREAM, MOST_OF_STREAM, 1]);
  });

  test("of rows that are scrolled by do not gather streams", async () => {
    const { watch, open } = world();
    watch.look(["stays"]);
    for (let row = 0; row < 50; row++) {
      watch.look([`${row}`]);
      await settle();
      expect(open().length).toBeLessThanOrEqual(5);
    }
    expect(new Set(open().flat()).size).toBe(51);
  });

  test("are followed no more once it is closed", async () => {
    const { watch, open, opened } = world();
    watch.look(["a"]);
    watch.close();
    await settle();
    expect([open(), opened()]).toEqual([[], 0]);
  });
});
