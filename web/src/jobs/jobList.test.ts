import { describe, expect, test } from "vitest";
import type { JobOrder, JobStatus } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { JobList } from "./jobList";
import { aJob } from "./testJobs";

const at = (second: number): string => `2030-01-01T12:00:${second.toString().padStart(2, "0")}Z`;
const job = (id: string, second: number, fields: Partial<Job> = {}): Job => aJob({ id, submittedAt: at(second), updatedAt: at(second), ...fields });
const NEWEST: JobOrder = { field: "SUBMITTED_AT", direction: "DESC" };

function aList(statuses: JobStatus[] = ["QUEUED"], order: JobOrder = NEWEST): JobList {
  return new JobList({ filter: { status: statuses }, order });
}

const ids = (list: JobList): (string | undefined)[] => Array.from({ length: list.length }, (_, index) => list.at(index));

describe("a list of jobs", () => {
  test("shows nothing before its first page, and then those that pass, in its order, wherever they came from", () => {
    const list = aList();
    list.take([job("early", 1)]);
    expect(ids(list)).toEqual([]);
    list.append({ jobs: [job("c", 30), job("a", 10)], endCursor: null });
    list.take([job("b", 20), job("other", 15, { status: "FAILED" })]);
    expect(ids(list)).toEqual(["c", "b", "a"]);
  });

  test("those of equal rank stand by id in the direction of the order", () => {
    const list = aList(["QUEUED"], { field: "PRIORITY", direction: "DESC" });
    list.append({ jobs: [job("b", 1), job("a", 2)], endCursor: null });
    list.take([job("c", 3), job("first", 4, { priority: 5 })]);
    expect(ids(list)).toEqual(["first", "c", "b", "a"]);
  });

  test("leaves out what lies beyond the loaded pages until they are loaded", () => {
    const list = aList();
    list.append({ jobs: [job("d", 40), job("c", 30)], endCursor: "next" });
    list.take([job("a", 10), job("e", 50)]);
    expect(ids(list)).toEqual(["e", "d", "c"]);
    list.append({ jobs: [job("b", 20), job("a", 10)], endCursor: null });
    expect([ids(list), list.complete]).toEqual([["e", "d", "c", "b", "a"], true]);
  });

  test("a change moves a job, takes it out or lets it in, and tells only when a place is another", () => {
    const list = aList(["QUEUED"], { field: "UPDATED_AT", direction: "DESC" });
    list.append({ jobs: [job("b", 20), job("a", 10)], endCursor: null });
    const revision = list.revision.get();
    list.take([job("a", 10, { name: "renamed" }), job("x", 30, { status: "RUNNING" })]);
    expect(list.revision.get()).toBe(revision);
    list.take([job("a", 40)]);
    expect(ids(list)).toEqual(["a", "b"]);
    list.take([job("b", 50, { status: "RUNNING" })]);
    expect([ids(list), list.has("b")]).toEqual([["a"], false]);
  });

  test("begins again with another first page and what has changed meanwhile", () => {
    const list = aList();
    list.append({ jobs: [job("b", 20), job("a", 10)], endCursor: "next" });
    list.begin({ jobs: [job("b", 20)], endCursor: "other" }, [job("c", 30), job("a", 10)]);
    expect([ids(list), list.endCursor]).toEqual([["c", "b"], "other"]);
  });
});

describe("a list that is held", () => {
  function held(): JobList {
    const list = aList();
    list.append({ jobs: [job("c", 30), job("a", 10)], endCursor: null });
    list.hold();
    return list;
  }

  test("moves nothing; what is new in its midst waits and is counted, what has left stays", () => {
    const list = held();
    list.take([job("b", 20), job("d", 40), job("c", 30, { status: "RUNNING" })]);
    expect([ids(list), list.waiting.length]).toEqual([["c", "a"], 2]);
    list.letIn();
    expect([ids(list), list.waiting.length]).toEqual([["d", "b", "a"], 0]);
    list.take([job("e", 50)]);
    expect(ids(list)).toEqual(["d", "b", "a"]);
    list.release();
    expect(ids(list)).toEqual(["e", "d", "b", "a"]);
  });

  test("takes what comes behind its end", () => {
    const list = aList();
    list.append({ jobs: [job("c", 30)], endCursor: "next" });
    list.hold();
    list.append({ jobs: [job("a", 10)], endCursor: null });
    list.take([job("older", 5)]);
    expect([ids(list), list.waiting.length]).toEqual([["c", "a", "older"], 0]);
  });

  test("counts no job that has come and gone while it waited", () => {
    const list = held();
    list.take([job("b", 20)]);
    list.take([job("b", 20, { status: "FAILED" })]);
    expect(list.waiting.length).toBe(0);
    list.release();
    expect(ids(list)).toEqual(["c", "a"]);
  });

  test("keeps a bounded number waiting, and says when it is to begin again", () => {
    const list = held();
    expect(list.letIn()).toBe(true);
    list.take(Array.from({ length: 6000 }, (_, index) => aJob({ id: `new-${index}`, submittedAt: `2030-01-02T${(index % 24).toString().padStart(2, "0")}:00:00Z` })));
    expect(list.waiting.length).toBe(5000);
    expect(list.release()).toBe(false);
  });
});

test("a hundred thousand places take a change without looking at each", () => {
  const list = aList();
  const many = Array.from({ length: 100_000 }, (_, index) => aJob({ id: `job-${index.toString().padStart(6, "0")}`, submittedAt: new Date(2e12 - index * 1000).toISOString() }));
  for (let from = 0; from < many.length; from += 1000) list.append({ jobs: many.slice(from, from + 1000), endCursor: "next" });
  expect(list.length).toBe(100_000);
  let compared = 0;
  const watched = new Proxy(many[50_000] ?? aJob(), { get: (target, name, receiver) => { compared += 1; return Reflect.get(target, name, receiver) as unknown; } });
  list.take([watched]);
  expect(compared).toBeLessThan(50);
});
