// Clients are written for the schema of a release, so what a later one takes from them stands in the changelog, or this fails.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type BreakingChange, breakingChanges, unnamed } from "../schema/breaking.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");

test("the changelog names what the schema has taken from clients since the last release", async () => {
  const changes = await breakingChanges(read("tests/clients/schema-baseline.graphql"), read("schema.graphql"));
  const advice = "name each under '### Breaking' in the newest section of CHANGELOG.md; at a release: make baseline";
  expect(unnamed(changes, read("CHANGELOG.md")), advice).toEqual([]);
});

const MADE_UP = `
  type Query { job(id: ID!): Job, jobs(status: Status): [Job!]! }
  type Mutation { submit(wish: Wish!): Job! }
  type Job { name: String!, status: Status!, exitCode: Int }
  enum Status { QUEUED, RUNNING, SUCCEEDED }
  input Wish { name: String!, priority: Int }
`;

describe("a made-up change", () => {
  test.each([
    ["Job.exitCode", "a field is gone", ", exitCode: Int", ""],
    ["Job.name", "a field may be null", "type Job { name: String!", "type Job { name: String"],
    ["Query.job.id", "an argument has another type", "id: ID!", "id: Int!"],
    ["Query.jobs.status", "an argument is demanded", "status: Status)", "status: Status!)"],
    ["Status.RUNNING", "a value is gone", "RUNNING, ", ""],
    ["Wish.priority", "a value is demanded", "priority: Int", "priority: Int!"],
    ["Mutation.submit", "a mutation is gone", "submit(wish: Wish!)", "order(wish: Wish!)"],
    ["Job", "a type has another name", /\bJob\b/g, "Task"],
  ])("of %s is reported, unless it is named: %s", async (path, _what, old, current) => {
    const changes = await breakingChanges(MADE_UP, MADE_UP.replace(old, current));
    expect(changes.map((change) => change.path)).toContain(path);
    expect(unnamed(changes, changelog("Nothing."))).toEqual(changes);
    expect(unnamed(changes, changelog(changes.map((change) => `- \`${change.path}\`: changed.`).join("\n")))).toEqual([]);
  });

  test.each([
    ["a field more", "type Job {", "type Job { host: String!, "],
    ["a value more", "RUNNING", "RUNNING, LOST"],
    ["a possible argument more", "status: Status)", "status: Status, first: Int)"],
    ["a field that is never null any more", "exitCode: Int", "exitCode: Int!"],
  ])("that takes nothing from anyone is not reported: %s", async (_what, old, current) => {
    const changed = MADE_UP.replace(old, current);
    expect(changed).not.toBe(MADE_UP);
    expect(await breakingChanges(MADE_UP, changed)).toEqual([]);
  });
});

describe("the changelog", () => {
  const change = (path: string): BreakingChange => ({ path, message: "made up" });

  test("names the arguments of a field with the field, and not the other way round", () => {
    expect(unnamed([change("Query.jobs.first")], changelog("- `Query.jobs` has changed."))).toEqual([]);
    expect(unnamed([change("Query.jobs")], changelog("- `Query.jobs.first` has changed."))).toEqual([change("Query.jobs")]);
    expect(unnamed([change("Job.name")], changelog("- `Job` has changed."))).toEqual([change("Job.name")]);
  });

  test("names them in its newest section, under Breaking, and nowhere else", () => {
    const gone = [change("Job.name")];
    expect(unnamed(gone, "# Changelog\n\n## Unreleased\n\n- `Job.name` is gone.\n")).toEqual(gone);
    expect(unnamed(gone, "# Changelog\n\n## Unreleased\n\n### Added\n\n- `Job.name`\n\n### Breaking\n\nNothing.\n")).toEqual(gone);
    expect(unnamed(gone, `# Changelog\n\n## Unreleased\n\nNothing.\n\n${changelog("- `Job.name` is gone.", "0.1.0")}`)).toEqual(gone);
  });
});

function changelog(breaking: string, version = "Unreleased"): string {
  return `## ${version}\n\nA version.\n\n### Breaking\n\n${breaking}\n\n### Added\n\n- Much.\n`;
}
