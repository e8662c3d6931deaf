import { describe, expect, test } from "vitest";
import { FrameQueue } from "./frameQueue";

/** Frames come when the test says so; each applied batch takes `costMs`. */
function world({ costMs = 0, limit = 20_000 } = {}) {
  const frames: (() => void)[] = [];
  const batches: number[][] = [];
  let now = 0;
  let overflows = 0;
  const queue = new FrameQueue<number>({
    apply: (items) => {
      batches.push(items);
      now += costMs;
    },
    overflow: () => (overflows += 1),
    scheduler: { schedule: (run) => frames.push(run), now: () => now },
    limit,
  });
  return { queue, batches, frame: () => frames.shift()?.(), pendingFrames: () => frames.length, overflows: () => overflows };
}

describe("the frame queue", () => {
  test("applies everything that came before a frame together", () => {
    const { queue, batches, frame, pendingFrames } = world();
    queue.push("a", 1);
    queue.push("b", 2);
    expect([batches.length, pendingFrames()]).toEqual([0, 1]);
    frame();
    expect(batches).toEqual([[1, 2]]);
  });

  test("keeps the last write per id, in the order of the last writes", () => {
    const { queue, batches, frame } = world();
    queue.push("a", 1);
    queue.push("b", 2);
    queue.push("a", 3);
    frame();
    expect(batches).toEqual([[2, 3]]);
  });

  test("leaves to the next frame what does not fit into four milliseconds", () => {
    const { queue, batches, frame, pendingFrames } = world({ costMs: 3 });
    for (let item = 0; item < 200; item++) queue.push(`${item}`, item);
    frame();
    expect(batches.map((batch) => batch.length)).toEqual([64, 64]);
    expect(pendingFrames()).toBe(1);
    frame();
    expect(batches.flat()).toHaveLength(200);
  });

  test("gives up and asks for a snapshot when too much waits", () => {
    const { queue, batches, frame, overflows } = world({ limit: 2 });
    ["a", "b", "c"].forEach((id, item) => queue.push(id, item));
    frame();
    expect([overflows(), batches.length]).toEqual([1, 0]);
  });

  test("applies nothing once closed", () => {
    const { queue, batches, frame } = world();
    queue.push("a", 1);
    queue.close();
    frame();
    expect(batches).toEqual([]);
  });
});
