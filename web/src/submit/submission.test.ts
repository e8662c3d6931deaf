import { describe, expect, test } from "vitest";
import { EMPTY_SUBMISSION, fieldOfPath, toInput } from "./submission";

describe("a submission", () => {
  test("with only a name is a loan of one GPU", () => {
    expect(toInput({ ...EMPTY_SUBMISSION, name: " notebook " }, "key")).toEqual({
      name: "notebook",
      modelType: null,
      requirements: { count: 1, gpuTypes: [], minMemoryGb: null },
      command: null,
      priority: 0,
      timeLimitSeconds: null,
      idempotencyKey: "key",
    });
  });

  test("gives its command to a shell", () => {
    expect(toInput({ ...EMPTY_SUBMISSION, command: 'echo "$HOME" | wc -c' }, "key").command).toEqual(["/bin/sh", "-c", 'echo "$HOME" | wc -c']);
  });

  test("splits types, keeps fractions of gigabytes, turns minutes into seconds", () => {
    const input = toInput({ ...EMPTY_SUBMISSION, gpuTypes: "A100, H100 ,", minMemoryGb: "23.5", gpus: "4", timeLimitMinutes: "1.5" }, "key");
    expect(input.requirements).toEqual({ count: 4, gpuTypes: ["A100", "H100"], minMemoryGb: 23.5 });
    expect(input.timeLimitSeconds).toBe(90);
  });
});

describe("the field that an error speaks of", () => {
  test.each([
    ["name", "name"],
    ["input.name", "name"],
    ["input.requirements.count", "gpus"],
    ["requirements.gpuTypes[2]", "gpuTypes"],
    ["input.command.0", "command"],
    ["input.timeLimitSeconds", "timeLimitMinutes"],
    ["input.env", undefined],
    [undefined, undefined],
  ])("%j is %j", (path, field) => {
    expect(fieldOfPath(path)).toBe(field);
  });
});
