import { expect, test } from "vitest";
import { differences } from "./differences";

test("only what is different now is told, with a dash for what one side does not have", () => {
  const before = [["Priority", "1"], ["Status", "Queued"], ["Reason", "x"]] as const;
  const now = [["Priority", "5"], ["Status", "Queued"], ["Note", "y"]] as const;
  expect(differences(before, now)).toEqual([
    { field: "Priority", before: "1", now: "5" },
    { field: "Reason", before: "x", now: "–" },
    { field: "Note", before: "–", now: "y" },
  ]);
});
