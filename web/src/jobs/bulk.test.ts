import { describe, expect, test, vi } from "vitest";
import { ApiError } from "../api/errors";
import { type BulkProgress, type Changed, changeEach, changeMatching, MOST_REFUSALS, type Target } from "./bulk";

const targets = (count: number): Target[] => Array.from({ length: count }, (_, index) => ({ id: `job-${index}`, name: `sweep-${index}` }));

function control(stopped = (): boolean => false) {
  const told: BulkProgress[] = [];
  const wait = vi.fn(() => Promise.resolve());
  return { told, wait, tell: (progress: BulkProgress) => void told.push(progress), stopped };
}

describe("the same for chosen jobs", () => {
  test("is done to each, and one refusal stops no other", async () => {
    const seen: string[] = [];
    const watch = control();
    const act = ({ id }: Target) => (id === "job-2" ? Promise.reject(new ApiError("CONFLICT", "it has ended")) : Promise.resolve(void seen.push(id)));
    await changeEach(targets(6), act, watch);
    expect(seen.toSorted()).toEqual(["job-0", "job-1", "job-3", "job-4", "job-5"]);
    expect(watch.told.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(watch.told.at(-1)).toEqual({ done: 6, refused: 1, refusals: ["sweep-2: it has ended"] });
  });

  test("counts every refusal and keeps the words of so many", async () => {
    const watch = control();
    await changeEach(targets(MOST_REFUSALS + 10), () => Promise.reject(new ApiError("CONFLICT", "no")), watch);
    expect(watch.told.at(-1)?.refused).toBe(MOST_REFUSALS + 10);
    expect(watch.told.at(-1)?.refusals).toHaveLength(MOST_REFUSALS);
  });

  test("waits as long as the server says and asks again, a bounded number of times", async () => {
    const watch = control();
    const act = vi.fn<(target: Target) => Promise<void>>().mockRejectedValueOnce(new ApiError("RATE_LIMITED", "slowly", { retryAfterSeconds: 7 })).mockResolvedValue(undefined);
    await changeEach(targets(1), act, watch);
    expect(watch.wait).toHaveBeenCalledExactlyOnceWith(7000);
    expect(watch.told.at(-1)).toEqual({ done: 1, refused: 0, refusals: [] });
    act.mockReset().mockRejectedValue(new ApiError("RATE_LIMITED", "slowly"));
    await changeEach(targets(1), act, watch);
    expect(watch.told.at(-1)?.refused).toBe(1);
    expect(act.mock.calls.length).toBeLessThan(20);
  });

  test("is done to no more of them once it is stopped", async () => {
    const act = vi.fn(() => Promise.resolve());
    await changeEach(targets(8), act, control(() => act.mock.calls.length >= 4));
    expect(act).toHaveBeenCalledTimes(4);
  });
});

describe("the same for all that pass a filter", () => {
  const changed = (count: number, more: Partial<Changed> = {}): Changed => ({ jobs: targets(count), refused: 0, firstRefusal: null, hasMore: true, ...more });

  test("is asked for until there are no more", async () => {
    const watch = control();
    const ask = vi.fn<() => Promise<Changed>>().mockResolvedValueOnce(changed(200)).mockResolvedValueOnce(changed(20, { hasMore: false }));
    await changeMatching(ask, watch);
    expect(watch.told.map(({ done }) => done)).toEqual([0, 200, 220]);
  });

  test("ends when all that is left is refused, and counts each refusal once", async () => {
    const watch = control();
    const refused = { refused: 3, firstRefusal: "a quota is full" };
    const ask = vi.fn<() => Promise<Changed>>().mockResolvedValueOnce(changed(2, refused)).mockResolvedValue(changed(0, refused));
    await changeMatching(ask, watch);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(watch.told.at(-1)).toEqual({ done: 5, refused: 3, refusals: ["a quota is full"] });
  });

  test("ends when it is stopped", async () => {
    const ask = vi.fn<() => Promise<Changed>>().mockResolvedValue(changed(200));
    await changeMatching(ask, control(() => ask.mock.calls.length >= 3));
    expect(ask).toHaveBeenCalledTimes(3);
  });
});
