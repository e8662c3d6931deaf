import { describe, expect, test } from "vitest";
import { aDetail } from "../jobs/testJobs";
import { checkSubmission } from "./checkSubmission";
import { fieldsOf } from "./clone";
import { asCommand, asCurl, asGraphQL, operationOf } from "./snippets";
import { EMPTY_SUBMISSION, type FieldName, fieldOfPath, type SubmissionFields, toInput } from "./submission";

function input(fields: Partial<SubmissionFields>) {
  const checked = checkSubmission({ ...EMPTY_SUBMISSION, ...fields });
  if (checked.submission === undefined) throw new Error(JSON.stringify(checked.problems));
  return toInput(checked.submission);
}

describe("a submission", () => {
  test("with only a name is a loan of one GPU, and says nothing of what is as usual", () => {
    expect(input({ name: " notebook " })).toEqual({ name: "notebook", requirements: { count: 1 } });
  });

  test("gives its command to a shell", () => {
    expect(input({ name: "n", command: 'echo "$HOME" | wc -c' }).command).toEqual(["/bin/sh", "-c", 'echo "$HOME" | wc -c']);
  });

  test("splits types, keeps fractions of gigabytes, turns minutes into seconds", () => {
    const made = input({ name: "n", gpuTypes: "A100, H100 ,", minMemoryGb: "23.5", gpus: "4", timeLimitMinutes: "1.5" });
    expect(made.requirements).toEqual({ count: 4, gpuTypes: ["A100", "H100"], minMemoryGb: 23.5 });
    expect(made.timeLimitSeconds).toBe(90);
  });

  test("reads labels and environment line by line; a value may hold equals signs and be empty", () => {
    const made = input({ name: "n", labels: "team=nlp\n\nstage=a=b", env: "TOKEN=\nA=1", hold: "yes", spread: "yes", share: "25" });
    expect(made.labels).toEqual([{ key: "team", value: "nlp" }, { key: "stage", value: "a=b" }]);
    expect(made.env).toEqual([{ name: "TOKEN", value: "" }, { name: "A", value: "1" }]);
    expect(made).toMatchObject({ hold: true, requirements: { milli: 250, singleHost: false } });
  });
});

describe("what is wrong is said at its field", () => {
  test.each<[Partial<SubmissionFields>, FieldName, string]>([
    [{ name: " " }, "name", "must not be blank"],
    [{ gpus: "0" }, "gpus", "must be 1 to 4096"],
    [{ gpus: "two" }, "gpus", "must be a number"],
    [{ gpus: "1.5" }, "gpus", "must be a whole number"],
    [{ priority: "-1001" }, "priority", "must be -1000 to 1000"],
    [{ minMemoryGb: "-1" }, "minMemoryGb", "must be more than 0"],
    [{ timeLimitMinutes: "soon" }, "timeLimitMinutes", "must be a number"],
    [{ workdir: "here" }, "workdir", "must be an absolute path"],
    [{ labels: "team" }, "labels", "must be one key=value a line"],
    [{ retryPause: "1.5" }, "retryPause", "must be a whole number"],
    [{ retryPause: "86401" }, "retryPause", "must be 0 to 86400"],
    [{ times: "1001" }, "times", "must be 1 to 1000"],
    [{ share: "50", gpus: "2" }, "share", "only one GPU can be shared"],
  ])("%j: %s %s", (fields, field, message) => {
    const { problems } = checkSubmission({ ...EMPTY_SUBMISSION, name: "n", ...fields });
    expect(problems).toEqual({ [field]: message });
  });
});

describe("the same elsewhere", () => {
  const made = input({ name: "fine tune", gpus: "2", gpuTypes: "H100", priority: "-5", command: "echo 'hi' | cat", timeLimitMinutes: "90" });

  const one = (submitted: typeof made) => ({ input: submitted, times: 1 });

  test("as an array, by the mutation and by the option for it", () => {
    const array = { input: input({ name: "sweep", command: "true" }), times: 16 };
    expect(asCommand(array)).toBe("gpu-fleet submit --name sweep --gpus 1 --array 16 -- /bin/sh -c true");
    expect(operationOf(array).variables).toEqual({ input: { jobs: [array.input], times: 16 } });
    expect(asGraphQL(array)).toContain("submitJobs(input: $input)");
    expect(asCurl(array, "http://fleet:4600")).toContain('"times":16');
  });

  test("as a command, quoted for a shell", () => {
    expect(asCommand(one(made))).toBe(
      "gpu-fleet submit --name 'fine tune' --gpus 2 --gpu-type H100 --priority=-5 --time-limit 5400s -- /bin/sh -c 'echo '\\''hi'\\'' | cat'",
    );
    expect(asCommand(one(input({ name: "n" })))).toBe("gpu-fleet submit --name n --gpus 1 --loan");
  });

  test("as a request whose token stands in the environment", () => {
    const curl = asCurl(one(made), "http://fleet:4600");
    expect(curl).toContain("curl -sS http://fleet:4600/graphql");
    expect(curl).toContain('"authorization: Bearer $GPU_FLEET_TOKEN"');
    expect(curl).toContain("echo '\\''hi'\\'' | cat");
  });

  test("as GraphQL with its variables", () => {
    const [, variables] = asGraphQL(one(made)).split("# variables\n");
    expect(JSON.parse(variables ?? "")).toEqual({ input: made });
  });
});

describe("a job that is cloned", () => {
  test("is submitted as it was, but for the values of its environment", () => {
    const job = aDetail({
      name: "train",
      command: ["/bin/sh", "-c", "python train.py | tee log"],
      priority: 3,
      timeLimitSeconds: 90,
      maxRetries: 2,
      envNames: ["TOKEN"],
      labels: [{ key: "team", value: "nlp" }],
    });
    expect(input(fieldsOf(job))).toEqual({
      name: "train",
      requirements: { count: 1 },
      command: ["/bin/sh", "-c", "python train.py | tee log"],
      priority: 3,
      retryPauseSeconds: 10,
      timeLimitSeconds: 90,
      maxRetries: 2,
      labels: [{ key: "team", value: "nlp" }],
      env: [{ name: "TOKEN", value: "" }],
    });
  });

  test("whose command was not a shell's is written as one would type it", () => {
    expect(fieldsOf(aDetail({ command: ["python", "my script.py", "--lr=1e-4"] })).command).toBe("python 'my script.py' --lr=1e-4");
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
    ["input.env[0].name", "env"],
    ["input.dependsOn", undefined],
    [undefined, undefined],
  ])("%j is %j", (path, field) => {
    expect(fieldOfPath(path)).toBe(field);
  });
});
