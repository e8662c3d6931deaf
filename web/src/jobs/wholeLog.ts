// A log from its first line to its last, read page by page: to save it, or to look for something in more of it than is kept here.
import type { Api } from "../api/client";
import { LogPageDocument, type LogPageQuery } from "../generated/graphql";

export interface Wanted {
  readonly jobId: string;
  /** Null: all attempts. */
  readonly attempt: number | null;
  /** Null: every line. */
  readonly contains: string | null;
}

export type LogPageLine = NonNullable<LogPageQuery["job"]>["log"]["nodes"][number];

const LINES = 1000;

/** A page may be empty, and others follow: a search looks at a bounded part at a time. */
export async function* logPages(api: Pick<Api, "query">, { jobId, attempt, contains }: Wanted): AsyncGenerator<readonly LogPageLine[]> {
  let after: string | null = null;
  do {
    const answer: LogPageQuery = await api.query(LogPageDocument, { id: jobId, first: LINES, after, attempt, contains });
    if (answer.job === null) return;
    yield answer.job.log.nodes;
    const { hasNextPage, endCursor } = answer.job.log.pageInfo;
    after = hasNextPage ? endCursor : null;
  } while (after !== null);
}

/** The text of it all; `tell` hears how many lines have come. */
export async function wholeText(pages: AsyncIterable<readonly LogPageLine[]>, tell: (lines: number) => void): Promise<Blob> {
  const parts: string[] = [];
  let lines = 0;
  for await (const page of pages) {
    parts.push(page.map(({ text }) => `${text}\n`).join(""));
    lines += page.length;
    tell(lines);
  }
  return new Blob(parts, { type: "text/plain" });
}

export const MOST_FOUND = 500;

export interface Found {
  readonly lines: readonly LogPageLine[];
  /** There may be more behind them. */
  readonly more: boolean;
}

export async function findLines(pages: AsyncIterable<readonly LogPageLine[]>, most = MOST_FOUND): Promise<Found> {
  const lines: LogPageLine[] = [];
  for await (const page of pages) {
    lines.push(...page.slice(0, most + 1 - lines.length));
    if (lines.length > most) return { lines: lines.slice(0, most), more: true };
  }
  return { lines, more: false };
}
