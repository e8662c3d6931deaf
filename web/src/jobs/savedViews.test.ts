import { describe, expect, test } from "vitest";
import { MOST_VIEWS, SavedViews } from "./savedViews";

function storage(kept?: string) {
  const values = new Map(kept === undefined ? [] : [["gpu-fleet.job-views", kept]]);
  return { getItem: (name: string) => values.get(name) ?? null, setItem: (name: string, value: string) => void values.set(name, value) };
}

describe("saved views", () => {
  test("are there again when the page is opened anew, by name", () => {
    const place = storage();
    const views = new SavedViews(place);
    views.save({ name: "waiting", search: "state=QUEUED" });
    views.save({ name: "failed", search: "state=FAILED" });
    views.save({ name: "waiting", search: "state=QUEUED,HELD" });
    const again = new SavedViews(place).all.get();
    expect(again).toEqual([{ name: "failed", search: "state=FAILED" }, { name: "waiting", search: "state=QUEUED,HELD" }]);
    views.remove("failed");
    expect(new SavedViews(place).all.get().map(({ name }) => name)).toEqual(["waiting"]);
  });

  test.each(["not JSON", "{}", '[1, null, {"name": 1}, "x"]'])("what is kept and is none is passed over: %s", (kept) => {
    expect(new SavedViews(storage(kept)).all.get()).toEqual([]);
  });

  test("are so many at most, and last as long as the page where nothing can be kept", () => {
    const refuses = { getItem: () => null, setItem: () => { throw new Error("full"); } };
    const views = new SavedViews(refuses);
    for (let number = 0; number < MOST_VIEWS + 5; number++) views.save({ name: `view ${number}`, search: "q=x" });
    expect(views.all.get()).toHaveLength(MOST_VIEWS);
  });
});
