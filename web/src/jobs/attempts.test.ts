import { expect, test } from "vitest";
import { attemptsOf } from "./attempts";

const at = (second: number): string => new Date(Date.UTC(2030, 0, 1, 12, 0, second)).toISOString();

function allocation(attempt: number, from: number, until: number | null, index = 0) {
  const releasedAt = until === null ? null : at(until);
  return { id: `${attempt}-${index}`, attempt, allocatedAt: at(from), releasedAt, milli: 1000, gpu: { id: `g${index}`, index, host: { id: "h", name: "a01" } } };
}

function event(attempt: number, message: string | null) {
  return { cursor: `${attempt}`, at: at(0), status: "RUNNING" as const, message, actor: "agent", attempt };
}

test("attempts, the newest first, each with its GPUs, its time and its last word", () => {
  const allocations = [allocation(1, 1, 5, 0), allocation(1, 1, 6, 1), allocation(2, 10, null, 2)];
  const attempts = attemptsOf(allocations, [event(1, "started"), event(1, "exit code 1"), event(2, null)]);
  expect(attempts).toEqual([
    { number: 2, from: Date.parse(at(10)), until: undefined, gpus: [{ id: "g2", name: "a01:2" }], lastWord: undefined },
    { number: 1, from: Date.parse(at(1)), until: Date.parse(at(6)), gpus: [{ id: "g0", name: "a01:0" }, { id: "g1", name: "a01:1" }], lastWord: "exit code 1" },
  ]);
});
