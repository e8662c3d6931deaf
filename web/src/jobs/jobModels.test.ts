import { describe, expect, test } from "vitest";
import type { JobStatus } from "../generated/graphql";
import { EVERY_JOB, parseView, passes, toFilter, toggled, writeView } from "./jobView";
import { gpuUse } from "./gpuUse";
import { sectionsOf } from "./jobSections";
import { ACTIVE_STATUSES, ALL_STATUSES, FINISHED_STATUSES, isCancellable, presentJob } from "./jobStatus";
import { gpuPlaces, gpuWish, jobNews, jobSentence, whyItWaits } from "./jobText";
import { mainSpan, steps, timeLeft } from "./jobTimes";
import { startEstimate } from "./startEstimate";
import { countChange, type StatusCounts } from "./statusCounts";
import { aJob } from "./testJobs";

const at = (seconds: number): string => new Date(Date.UTC(2030, 0, 1, 12, 0, seconds)).toISOString();
const gpu = (host: string, index: number) => ({ id: `${host}-${index}`, index, gpuType: "H100", host: { id: host, name: host } });

describe("job statuses", () => {
  test("no two statuses look and read the same", () => {
    const looks = ALL_STATUSES.map((status) => presentJob(status).word);
    expect(new Set(looks).size).toBe(ALL_STATUSES.length);
  });

  test("every status is either active or final, and what has ended or is stopping cannot be cancelled", () => {
    expect([...ACTIVE_STATUSES, ...FINISHED_STATUSES]).toEqual(ALL_STATUSES);
    expect(ALL_STATUSES.filter((status) => !isCancellable(status))).toEqual(["STOPPING", ...FINISHED_STATUSES]);
  });
});

describe("the view in the URL", () => {
  test.each<[string, JobStatus[]]>([
    ["", []],
    ["state=QUEUED", ["QUEUED"]],
    ["state=running,queued", ["QUEUED", "RUNNING"]],
    ["state=NONSENSE,FAILED", ["FAILED"]],
    ["state=,", []],
  ])("%j filters by the statuses %j", (search, statuses) => {
    expect(parseView(search).statuses).toEqual(statuses);
  });

  test("is read as it was written, and keeps other parameters", () => {
    const view = {
      statuses: ["QUEUED", "RUNNING"] as JobStatus[],
      text: "llama & co",
      model: "bert",
      organization: "vision",
      by: "ada",
      labels: [{ key: "team", value: "nlp=1" }, { key: "stage", value: "" }],
      sort: "priority" as const,
    };
    const search = writeView("gpu=x", view);
    expect(search).toBe("gpu=x&state=QUEUED,RUNNING&q=llama+%26+co&model=bert&org=vision&by=ada&sort=priority&label=team=nlp=1&label=stage=");
    expect(parseView(search)).toEqual(view);
  });

  test("says nothing of what filters nothing", () => {
    expect(writeView("state=QUEUED&q=x", EVERY_JOB)).toBe("");
    expect(writeView("", { ...EVERY_JOB, statuses: ALL_STATUSES })).toBe("");
    expect(parseView("sort=nonsense&label=without-a-value")).toEqual(EVERY_JOB);
  });

  test("toggles one status", () => {
    expect(toggled(["QUEUED"], "RUNNING")).toEqual(["QUEUED", "RUNNING"]);
    expect(toggled(["QUEUED", "RUNNING"], "QUEUED")).toEqual(["RUNNING"]);
  });
});

describe("a filter", () => {
  const job = aJob({ name: "Train-LLaMA", modelType: "llama", labels: [{ key: "team", value: "nlp" }] });
  const view = { ...EVERY_JOB, text: "llama", model: "llama", labels: [{ key: "team", value: "nlp" }] };

  test("passes a job that answers all of it", () => {
    expect(passes(job, toFilter(view, ["QUEUED"], "org-1"))).toBe(true);
  });

  test.each([
    [{ ...view, text: "bert" }, ["QUEUED"], "org-1"],
    [{ ...view, model: "lla" }, ["QUEUED"], "org-1"],
    [{ ...view, labels: [{ key: "team", value: "vision" }] }, ["QUEUED"], "org-1"],
    [view, ["RUNNING"], "org-1"],
    [view, ["QUEUED"], "org-2"],
  ] as const)("refuses a job that misses one part of it: %j %j %j", (refusing, statuses, organization) => {
    expect(passes(job, toFilter(refusing, statuses, organization))).toBe(false);
  });
});

describe("the use of a job's GPUs", () => {
  const reading = (percent: number | null, use: "WORKING" | "HELD_IDLE" | "HELD_EMPTY") => ({
    use,
    telemetry: { at: at(0), utilizationPercent: percent, memoryUsedMib: null, temperatureCelsius: null, powerWatts: null },
  });

  test("is the mean of those that have told, and counts the idle ones", () => {
    expect(gpuUse([reading(90, "WORKING"), reading(0, "HELD_IDLE"), reading(null, "HELD_EMPTY"), undefined])).toEqual({ percent: 45, idle: 2 });
  });

  test("is unknown, not zero, when none has told", () => {
    expect(gpuUse([undefined])).toEqual({ percent: null, idle: 0 });
  });
});

test("a running job with a limit tells the time that is left", () => {
  const limited = aJob({ status: "RUNNING", startedAt: at(0), timeLimitSeconds: 3600 });
  expect(timeLeft(limited, Date.parse(at(20)))).toBe("59 min 40 s left");
  expect(timeLeft(aJob({ status: "RUNNING", startedAt: at(0) }), 0)).toBe("");
});

test("the sections of the list: those that live first, unless an order was chosen", () => {
  const titles = (view: Partial<typeof EVERY_JOB>) => sectionsOf({ ...EVERY_JOB, ...view }, undefined).map(({ title }) => title);
  expect(titles({})).toEqual(["Waiting and running", "Ended"]);
  expect(titles({ statuses: ["FAILED"] })).toEqual(["Ended"]);
  expect(titles({ sort: "priority" })).toEqual([undefined]);
});

describe("counts per status", () => {
  const none = Object.fromEntries(ALL_STATUSES.map((status) => [status, 0])) as StatusCounts;

  test("move with a known job", () => {
    const counts = countChange({ ...none, QUEUED: 2 }, { kind: "UPDATED", before: "QUEUED", after: "ALLOCATED" });
    expect([counts.QUEUED, counts.ALLOCATED]).toEqual([1, 1]);
  });

  test("grow with a new job, and wait for the server with an unknown one", () => {
    expect(countChange(none, { kind: "CREATED", before: undefined, after: "QUEUED" }).QUEUED).toBe(1);
    expect(countChange(none, { kind: "UPDATED", before: undefined, after: "RUNNING" })).toBe(none);
  });
});

describe("a job's times", () => {
  test("a waiting job waits since its submission", () => {
    expect(mainSpan(aJob())).toEqual({ word: "waits", span: { from: Date.parse(at(0)), until: undefined } });
  });

  test("a job that ended without GPUs only waited", () => {
    expect(mainSpan(aJob({ status: "CANCELLED", finishedAt: at(9) }))).toMatchObject({ word: "waited", span: { until: Date.parse(at(9)) } });
  });

  test("a finished job waited, started and ran", () => {
    const job = aJob({ status: "SUCCEEDED", allocatedAt: at(5), startedAt: at(6), finishedAt: at(60) });
    expect(steps(job).map(({ kind, from, until }) => [kind, ((until ?? 0) - from) / 1000])).toEqual([["waited", 5], ["starting", 1], ["ran", 54]]);
  });

  test("a job that never started has no running step", () => {
    const job = aJob({ status: "FAILED", allocatedAt: at(5), finishedAt: at(7) });
    expect(steps(job).map(({ kind }) => kind)).toEqual(["waited", "starting"]);
  });
});

describe("when a waiting job starts", () => {
  const none = { estimatedStartAt: null, medianStartAt: null, ninetyPercentStartAt: null };
  const today = (clock: string): string => new Date(`${new Date().toDateString()} ${clock}`).toISOString();

  test.each([
    [none, ""],
    [{ ...none, estimatedStartAt: today("14:00") }, "at 14:00:00 at the latest"],
    [{ ...none, medianStartAt: today("13:00") }, "likely at 13:00:00"],
    [{ ...none, medianStartAt: today("13:00"), ninetyPercentStartAt: today("15:00") }, "likely at 13:00:00, with nine chances of ten by 15:00:00"],
    [{ estimatedStartAt: today("14:00"), medianStartAt: today("13:00"), ninetyPercentStartAt: today("15:00") }, "likely at 13:00:00, at 14:00:00 at the latest"],
  ])("%j is told as %j", (estimate, words) => {
    expect(startEstimate(estimate)).toBe(words);
  });
});

describe("what a job says about itself", () => {
  const blocker = (message: string) => ({ code: "GPUS_BUSY" as const, message });
  const pending = (messages: string[]) => ({ position: 1, estimatedStartAt: null, medianStartAt: null, ninetyPercentStartAt: null, blockers: messages.map(blocker) });

  test("the first blocker, and how many more", () => {
    expect(whyItWaits(aJob({ pending: pending(["3 of 8 are free"]) }))).toBe("3 of 8 are free");
    expect(whyItWaits(aJob({ pending: pending(["a", "b", "c"]) }))).toBe("a +2 more");
  });

  test.each([
    [{ count: 1, milli: 1000, gpuTypes: [], minMemoryGb: null }, "1 GPU"],
    [{ count: 2, milli: 1000, gpuTypes: ["NVIDIA A100"], minMemoryGb: 80 }, "2 × A100 ≥ 80 GB"],
    [{ count: 1, milli: 250, gpuTypes: ["A100", "H100"], minMemoryGb: null }, "25 % of one A100 or H100"],
  ])("asks for %j as %j", (requirements, text) => {
    expect(gpuWish({ requirements })).toBe(text);
  });

  test("names each GPU with its host", () => {
    expect(gpuPlaces({ gpus: [gpu("b", 3), gpu("a", 1), gpu("b", 2)] })).toBe("b:2,3 a:1");
  });

  test("a failure says its reason, or its exit code", () => {
    expect(jobNews(aJob({ status: "FAILED", statusReason: "out of memory", exitCode: 137 }))).toBe("out of memory");
    expect(jobSentence(aJob({ status: "FAILED", exitCode: 2 }))).toBe("Failed with exit code 2.");
  });

  test("a running loan is called a loan", () => {
    expect(jobSentence(aJob({ status: "RUNNING", command: null, gpus: [gpu("a", 0)] }))).toContain("as a loan");
  });
});
