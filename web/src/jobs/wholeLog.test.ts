import { expect, test, vi } from "vitest";
import type { Api } from "../api/client";
import { findLines, logPages, type LogPageLine, wholeText } from "./wholeLog";

const line = (number: number): LogPageLine => ({ cursor: `${number}`, at: "2030-01-01T12:00:00Z", stream: "STDOUT", text: `line ${number}` });

/** A server whose log has these pages. */
function apiOf(pages: readonly (readonly LogPageLine[])[]) {
  const query = vi.fn(async (_operation: unknown, { after }: { after: string | null }) => {
    const index = after === null ? 0 : Number(after);
    return { job: { log: { nodes: pages[index], pageInfo: { hasNextPage: index + 1 < pages.length, endCursor: `${index + 1}` } } } };
  });
  return { query: query as unknown as Api["query"], asked: query };
}

const EVERYTHING = { jobId: "job", attempt: null, contains: null };

test("a log is read to its end, over pages without a line", async () => {
  const told: number[] = [];
  const text = await wholeText(logPages(apiOf([[line(1), line(2)], [], [line(3)]]), EVERYTHING), (lines) => told.push(lines));
  expect(await text.text()).toBe("line 1\nline 2\nline 3\n");
  expect(told).toEqual([2, 2, 3]);
});

test("a search stops when enough was found, and says that there may be more", async () => {
  const api = apiOf([[line(1), line(2)], [line(3), line(4)], [line(5)]]);
  const found = await findLines(logPages(api, { ...EVERYTHING, contains: "line" }), 3);
  expect([found.lines.map(({ text }) => text), found.more]).toEqual([["line 1", "line 2", "line 3"], true]);
  expect(api.asked).toHaveBeenCalledTimes(2);
  expect((await findLines(logPages(apiOf([[line(1)]]), EVERYTHING), 3)).more).toBe(false);
});
