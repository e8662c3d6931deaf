import { describe, expect, test } from "vitest";
import { answers, type Entry, MOST_OF_GROUP, stepped } from "./ranking";

const entry = (name: string, fields: Partial<Entry> = {}): Entry => ({ id: `${fields.group ?? "Jobs"} ${name}`, group: "Jobs", name, run: () => undefined, ...fields });
const names = (entries: readonly Entry[]): string[] => entries.map(({ name }) => name);

describe("what is typed", () => {
  test("finds the name itself first, then what begins so, then a word in its midst, then anywhere", () => {
    const entries = ["pretrain", "lora-train", "train-70b", "train"].map((name) => entry(name));
    expect(names(answers(entries, "train"))).toEqual(["train", "train-70b", "lora-train", "pretrain"]);
  });

  test("must be found word for word, in the name or among the other words", () => {
    const entries = [entry("gpu-a01:0", { group: "GPUs", words: "H100 GPU-1234" }), entry("gpu-b02:0", { group: "GPUs", words: "A100" })];
    expect(names(answers(entries, "h100 a01"))).toEqual(["gpu-a01:0"]);
    expect(answers(entries, "h100 b02")).toEqual([]);
    expect(names(answers(entries, "gpu-1234"))).toEqual(["gpu-a01:0"]);
  });

  test("may hold what means something to a pattern", () => {
    expect(names(answers([entry("a (b) [c] *"), entry("other")], "(b) [c] *"))).toEqual(["a (b) [c] *"]);
  });

  test("finds so many of each group at most, and the groups keep their order", () => {
    const many = Array.from({ length: 50 }, (_, index) => entry(`job ${index}`));
    const found = answers([...many, entry("Jobs", { group: "Pages" })], "job");
    expect(found[0]?.group).toBe("Pages");
    expect(found).toHaveLength(1 + MOST_OF_GROUP);
  });

  test("is all that there is when nothing is typed", () => {
    expect(answers([entry("a"), entry("b")], "  ")).toHaveLength(2);
  });
});

test("steps go round", () => {
  expect(stepped(0, -1, 3)).toBe(2);
  expect(stepped(2, 1, 3)).toBe(0);
  expect(stepped(0, 1, 0)).toBe(0);
});
