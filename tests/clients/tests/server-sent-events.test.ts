// Subscriptions by graphql-sse, the reference client of GraphQL over server-sent events, one connection for each operation.
import { type Client, type ClientOptions, createClient } from "graphql-sse";
import { afterEach, expect, test } from "vitest";
import { collectUntil, JOB_UPDATES, type JobUpdates, LIFE } from "../harness/jobUpdates.ts";
import { submit, useServer } from "../harness/world.ts";

const world = useServer();
const clients: Client[] = [];

function connect(options: Partial<ClientOptions<false>> = {}): Client {
  const client = createClient({ url: world.url, headers: () => ({ authorization: world.authorization }), ...options });
  clients.push(client);
  return client;
}

afterEach(() => clients.splice(0).forEach((client) => client.dispose()));

test("each status of a job passes by, in order", async () => {
  const { id, cursor: after } = await submit(world, "followed");
  const updates = connect().iterate<JobUpdates>({ query: JOB_UPDATES, variables: { after } });
  const seen = await collectUntil(updates, id, "SUCCEEDED");
  expect(seen.map(({ job }) => job.status)).toEqual(LIFE.slice(1));
});

test("a query is one result and the end", async () => {
  const results = connect().iterate({ query: "{ viewer { role } }" });
  expect(await results.next()).toEqual({ done: false, value: { data: { viewer: { role: "OPERATOR" } } } });
  expect(await results.next()).toEqual({ done: true, value: undefined });
});

test("what was missed is sent to whoever comes back with the last cursor", async () => {
  const { id, cursor } = await submit(world, "before");
  const updates = connect().iterate<JobUpdates>({ query: JOB_UPDATES, variables: { after: cursor } });
  const last = (await collectUntil(updates, id, "SUCCEEDED")).at(-1);
  await updates.return?.();

  const missed = await submit(world, "missed");
  const again = connect().iterate<JobUpdates>({ query: JOB_UPDATES, variables: { after: last?.cursor } });
  const seen = await collectUntil(again, missed.id, "SUCCEEDED");
  expect(seen.map(({ job }) => job.status)).toEqual(LIFE);
});

test("the client goes on by itself after the server was killed and started again", async () => {
  const before = await submit(world, "before-the-kill");
  const client = connect({ retryAttempts: 100, retry: () => new Promise((again) => setTimeout(again, 50)) });
  const variables = { after: before.cursor };
  const updates = client.iterate<JobUpdates>({ query: JOB_UPDATES, variables });
  await collectUntil(updates, before.id, "SUCCEEDED", ({ cursor }) => {
    variables.after = cursor;
  });

  await world.server.kill();
  await world.server.restart();
  const after = await submit(world, "after-the-kill");
  const seen = await collectUntil(updates, after.id, "SUCCEEDED");
  expect(seen.map(({ job }) => job.status)).toEqual(LIFE);
});

test("without a token the stream is refused", async () => {
  const updates = connect({ headers: {}, retryAttempts: 0 }).iterate({ query: JOB_UPDATES });
  await expect(updates.next()).rejects.toMatchObject({ response: { status: 401 } });
});
