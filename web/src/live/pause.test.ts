import { expect, test } from "vitest";
import { Cell } from "./cell";
import { FrameQueue } from "./frameQueue";
import { pausable } from "./pause";

test("what comes while updates are paused waits, the newest of each, and comes at once when they go on", () => {
  const paused = new Cell(false);
  const frames: (() => void)[] = [];
  const frame = (): void => frames.splice(0).forEach((run) => run());
  const applied: string[][] = [];
  const queue = new FrameQueue<string>({
    apply: (items) => applied.push([...items]),
    overflow: () => undefined,
    scheduler: pausable({ schedule: (run) => frames.push(run), now: () => 0 }, paused),
  });
  queue.push("a", "a1");
  frame();
  paused.set(true);
  queue.push("a", "a2");
  queue.push("b", "b1");
  queue.push("a", "a3");
  frame();
  expect(applied).toEqual([["a1"]]);
  paused.set(false);
  frame();
  expect(applied).toEqual([["a1"], ["b1", "a3"]]);
});
