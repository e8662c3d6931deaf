import { describe, expect, test, vi } from "vitest";
import { ApiError } from "../api/errors";
import { differences } from "../edit/differences";
import { replaceJob } from "./replaceJob";
import { describeWishes, editOf, meansOf, replacementOf, type Suggestion, wishesAfter } from "./suggestion";
import { aDetail, aJob } from "./testJobs";

const FEWER: Suggestion = {
  code: "FEWER_GPUS",
  message: "with 2 GPUs instead of 8: now, on gpu-a01",
  requirements: { ...aDetail().requirements, count: 2 },
  timeLimitSeconds: null,
};

describe("a suggestion", () => {
  test("is an edit where the API edits it, else a new submission, by hand where the server does not tell all of it", () => {
    expect(meansOf(aDetail(), { code: "RELEASE" })).toBe("edit");
    expect(meansOf(aDetail({ envNames: ["A"] }), { code: "SHORTER_RUN" })).toBe("edit");
    expect(meansOf(aDetail(), FEWER)).toBe("replace");
    expect(meansOf(aDetail({ envNames: ["A"] }), FEWER)).toBe("form");
    expect(editOf({ ...FEWER, code: "RELEASE" })).toEqual({ hold: false });
    expect(editOf({ ...FEWER, code: "SHORTER_RUN", timeLimitSeconds: 600 })).toEqual({ timeLimitSeconds: 600 });
  });

  test("tells exactly what it changes", () => {
    const job = aDetail({ requirements: { ...aDetail().requirements, count: 8 }, timeLimitSeconds: 60 });
    const before = { requirements: job.requirements, timeLimitSeconds: job.timeLimitSeconds, held: false, image: "nvcr.io/a:1" };
    expect(differences(describeWishes(before), describeWishes(wishesAfter(before, FEWER)))).toEqual([{ field: "GPUs", before: "8", now: "2" }]);
    const bare: Suggestion = { ...FEWER, code: "WITHOUT_IMAGE", requirements: job.requirements };
    expect(differences(describeWishes(before), describeWishes(wishesAfter(before, bare)))).toEqual([{ field: "Image", before: "nvcr.io/a:1", now: "none" }]);
    expect(replacementOf(aDetail({ image: "nvcr.io/a:1" }), bare).image).toBeNull();
    expect(replacementOf(aDetail({ image: "nvcr.io/a:1" }), FEWER).image).toBe("nvcr.io/a:1");
  });

  test("makes a job that is as the old one was, word for word, but for what is given up", () => {
    const job = aDetail({ command: ["python", "train.py", "a b"], timeLimitSeconds: 60, dependsOn: [{ id: "job-0", name: "first", status: "SUCCEEDED" }] });
    expect(replacementOf(job, FEWER)).toMatchObject({ command: ["python", "train.py", "a b"], timeLimitSeconds: 60, dependsOn: ["job-0"], requirements: { count: 2 } });
  });
});

describe("a job that is exchanged", () => {
  const exchange = { old: aJob({ id: "old", version: 7 }), input: { name: "train" }, idempotencyKey: "k" };
  const store = { take: vi.fn(), takeNew: vi.fn() };

  test("is never there twice: the new one starts when the old one is cancelled", async () => {
    const mutate = vi
      .fn()
      .mockResolvedValueOnce({ submitJob: { job: aJob({ id: "new", version: 3, status: "HELD" }) } })
      .mockResolvedValueOnce({ cancelJob: { job: aJob({ id: "old", status: "CANCELLED" }) } })
      .mockResolvedValueOnce({ updateJob: { job: aJob({ id: "new", status: "QUEUED" }) } });
    expect((await replaceJob({ mutate }, store, exchange)).id).toBe("new");
    expect(mutate.mock.calls.map(([, variables]) => (variables as { input: unknown }).input)).toEqual([
      { name: "train", hold: true, idempotencyKey: "k" },
      { id: "old", expectedVersion: 7, reason: "replaced by new" },
      { id: "new", expectedVersion: 3, hold: false },
    ]);
  });

  test("stays when somebody was first, and nothing is left of the new one", async () => {
    const mutate = vi
      .fn()
      .mockResolvedValueOnce({ submitJob: { job: aJob({ id: "new", version: 3, status: "HELD" }) } })
      .mockRejectedValueOnce(new ApiError("CONFLICT", "it has another version"))
      .mockResolvedValueOnce({ cancelJob: { job: aJob({ id: "new", status: "CANCELLED" }) } });
    await expect(replaceJob({ mutate }, store, exchange)).rejects.toThrow("it has another version");
    expect(mutate.mock.calls.at(-1)?.[1]).toEqual({ input: { id: "new", reason: "old could not be cancelled" } });
  });
});
