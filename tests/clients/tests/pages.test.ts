// Lists by Apollo Client, whose cache puts the pages of a connection together by their cursors.
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { beforeAll, expect, test } from "vitest";
import { submit, useServer } from "../harness/world.ts";

const JOBS = gql`
  query Jobs($first: Int, $after: String, $last: Int, $before: String) {
    jobs(first: $first, after: $after, last: $last, before: $before, orderBy: { field: SUBMITTED_AT, direction: ASC }) {
      totalCount
      edges {
        cursor
        node {
          id
          name
        }
      }
      pageInfo {
        startCursor
        endCursor
        hasNextPage
        hasPreviousPage
      }
    }
  }
`;

interface Jobs {
  readonly jobs: {
    readonly totalCount: number;
    readonly edges: readonly { readonly node: { readonly name: string } }[];
    readonly pageInfo: {
      readonly startCursor: string;
      readonly endCursor: string;
      readonly hasNextPage: boolean;
      readonly hasPreviousPage: boolean;
    };
  };
}

const NAMES = ["job-0", "job-1", "job-2", "job-3", "job-4", "job-5", "job-6"];
const PAGE = 3;

const world = useServer();

beforeAll(async () => {
  for (const name of NAMES) await submit(world, name);
});

test("forwards, page by page", async () => {
  const list = await open({ first: PAGE });
  expect(names(list.current())).toEqual(NAMES.slice(0, 3));
  expect(list.current().jobs.totalCount).toBe(NAMES.length);

  await list.fetchMore({ first: PAGE, after: list.current().jobs.pageInfo.endCursor });
  expect(names(list.current())).toEqual(NAMES.slice(0, 6));
  expect(list.current().jobs.pageInfo.hasNextPage).toBe(true);

  await list.fetchMore({ first: PAGE, after: list.current().jobs.pageInfo.endCursor });
  expect(names(list.current())).toEqual(NAMES);
  expect(list.current().jobs.pageInfo.hasNextPage).toBe(false);
});

test("backwards, page by page", async () => {
  const list = await open({ last: PAGE });
  expect(names(list.current())).toEqual(NAMES.slice(4));
  expect(list.current().jobs.pageInfo.hasPreviousPage).toBe(true);

  await list.fetchMore({ last: PAGE, before: list.current().jobs.pageInfo.startCursor });
  await list.fetchMore({ last: PAGE, before: list.current().jobs.pageInfo.startCursor });
  expect(names(list.current())).toEqual(NAMES);
  expect(list.current().jobs.pageInfo.hasPreviousPage).toBe(false);
});

test("pages do not shift when the list grows at the end that they are read from", async () => {
  const list = await open({ last: PAGE });
  await submit(world, "newcomer");
  await list.fetchMore({ last: PAGE, before: list.current().jobs.pageInfo.startCursor });
  expect(names(list.current())).toEqual(NAMES.slice(1));
});

interface Page {
  readonly first?: number;
  readonly after?: string;
  readonly last?: number;
  readonly before?: string;
}

/** A list as a page of an application holds it: what it has so far, and more when asked. */
async function open(variables: Page): Promise<{ current: () => Jobs; fetchMore: (more: Page) => Promise<unknown> }> {
  const client = new ApolloClient({
    link: new HttpLink({ uri: world.url, headers: { authorization: world.authorization } }),
    cache: new InMemoryCache({ typePolicies: { Query: { fields: { jobs: relayStylePagination(["orderBy"]) } } } }),
  });
  await client.query<Jobs>({ query: JOBS, variables });
  const current = (): Jobs => {
    const data = client.readQuery<Jobs>({ query: JOBS, variables });
    if (data === null) throw new Error("the cache has lost the list");
    return data;
  };
  const list = client.watchQuery<Jobs, Page>({ query: JOBS, variables });
  return { current, fetchMore: (more) => list.fetchMore({ variables: more }) };
}

function names({ jobs }: Jobs): readonly string[] {
  return jobs.edges.map(({ node }) => node.name);
}
