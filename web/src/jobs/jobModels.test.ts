import { describe, expect, test } from "vitest";
import type { JobStatus } from "../generated/graphql";
import { parseStatusFilter, toggled, withStatusFilter } from "./jobFilter";
import { listJobs } from "./jobList";
import { ACTIVE_STATUSES, ALL_STATUSES, FINISHED_STATUSES, isCancellable, presentJob } from "./jobStatus";
import { gpuPlaces, gpuWish, jobNews, jobSentence, whyItWaits } from "./jobText";
import { mainSpan, steps } from "./jobTimes";
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

describe("the status filter in the URL", () => {
  test.each<[string, JobStatus[]]>([
    ["", []],
    ["state=QUEUED", ["QUEUED"]],
    ["state=running,queued", ["QUEUED", "RUNNING"]],
    ["state=NONSENSE,FAILED", ["FAILED"]],
    ["state=,", []],
  ])("%j means %j", (search, statuses) => {
    expect(parseStatusFilter(search)).toEqual(statuses);
  });

  test("is written in the order of a job's life, keeps other parameters and vanishes when it filters nothing", () => {
    expect(withStatusFilter("org=a", ["RUNNING", "QUEUED"])).toBe("org=a&state=QUEUED,RUNNING");
    expect(withStatusFilter("org=a&state=QUEUED", [])).toBe("org=a");
    expect(withStatusFilter("", ALL_STATUSES)).toBe("");
  });

  test("toggles one status", () => {
    expect(toggled(["QUEUED"], "RUNNING")).toEqual(["QUEUED", "RUNNING"]);
    expect(toggled(["QUEUED", "RUNNING"], "QUEUED")).toEqual(["RUNNING"]);
  });
});

describe("a list of jobs", () => {
  const jobs = [1, 3, 2].map((second) => aJob({ id: `j${second}`, submittedAt: at(second) }));

  test("is newest first and holds only its statuses", () => {
    const list = listJobs([...jobs, aJob({ id: "other", status: "FAILED" })], ["QUEUED"], undefined);
    expect(list.map((job) => job.id)).toEqual(["j3", "j2", "j1"]);
  });

  test("leaves out what is older than its loaded pages, until all are loaded", () => {
    const ids = (endCursor: string | null) => listJobs(jobs, ["QUEUED"], { endCursor, oldestSubmittedAt: at(2) }).map((job) => job.id);
    expect(ids("more")).toEqual(["j3", "j2"]);
    expect(ids(null)).toEqual(["j3", "j2", "j1"]);
  });
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

describe("what a job says about itself", () => {
  const blocker = (message: string) => ({ code: "GPUS_BUSY" as const, message });
  const pending = (messages: string[]) => ({ position: 1, estimatedStartAt: null, blockers: messages.map(blocker) });

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
