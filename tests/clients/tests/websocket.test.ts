// Subscriptions by graphql-ws, the reference client of the graphql-transport-ws protocol.
import { type Client, type ClientOptions, createClient } from "graphql-ws";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { collectUntil, JOB_UPDATES, type JobUpdates, LIFE } from "../harness/jobUpdates.ts";
import { Latch } from "../harness/latch.ts";
import { submit, useServer } from "../harness/world.ts";

const world = useServer();
const clients: Client[] = [];

function connect(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: world.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: world.authorization }),
    ...options,
  });
  clients.push(client);
  return client;
}

afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));

test("a query and a mutation go over the socket too", async () => {
  const client = connect();
  expect(await all(client.iterate({ query: "{ viewer { role } }" }))).toEqual([
    { data: { viewer: { role: "OPERATOR" } } },
  ]);
  const query = 'mutation { submitJob(input: { name: "over-socket", command: ["true"] }) { job { name } } }';
  expect(await all(client.iterate({ query }))).toEqual([{ data: { submitJob: { job: { name: "over-socket" } } } }]);
});

test("each status of a job passes by, in order", async () => {
  const { id, cursor: after } = await submit(world, "followed");
  const updates = connect().iterate<JobUpdates>({ query: JOB_UPDATES, variables: { after } });
  const seen = await collectUntil(updates, id, "SUCCEEDED");
  expect(seen.map(({ job }) => job.status)).toEqual(LIFE.slice(1));
});

test("a cursor that was asked for beforehand leaves nothing untold", async () => {
  const client = connect();
  const { value } = await client.iterate<{ eventCursor: string }>({ query: "{ eventCursor }" }).next();
  const { id } = await submit(world, "meanwhile");
  const updates = client.iterate<JobUpdates>({ query: JOB_UPDATES, variables: { after: value.data.eventCursor } });
  const seen = await collectUntil(updates, id, "SUCCEEDED");
  expect(seen.map(({ job }) => job.status)).toEqual(LIFE);
});

test("a connection that broke is resumed by the last cursor: nothing is missing and nothing comes twice", async () => {
  const before = await submit(world, "before-the-break");
  const mayReconnect = new Latch();
  const hasBroken = new Latch();
  let socket: WebSocket | undefined;
  let connections = 0;
  const client = connect({
    retryWait: () => mayReconnect.opened,
    on: {
      opened: (opened) => {
        socket = opened as WebSocket;
        connections += 1;
      },
      closed: () => hasBroken.open(),
    },
  });

  // The client sends its variables again as they then are.
  const variables = { after: before.cursor };
  const updates = client.iterate<JobUpdates>({ query: JOB_UPDATES, variables });
  const remember = ({ cursor }: { readonly cursor: string }): void => {
    variables.after = cursor;
  };
  const first = await collectUntil(updates, before.id, "SUCCEEDED", remember);
  socket?.terminate();
  await hasBroken.opened;
  const meanwhile = await submit(world, "while-it-was-broken");
  mayReconnect.open();
  const second = await collectUntil(updates, meanwhile.id, "SUCCEEDED", remember);

  expect(connections).toBe(2);
  expect(first.map(({ job }) => job.status)).toEqual(LIFE.slice(1));
  expect(second.map(({ job }) => job.status)).toEqual(LIFE);
  expect(new Set([...first, ...second].map(({ cursor }) => cursor)).size).toBe(first.length + second.length);
});

test("the client goes on by itself after the server was killed and started again", async () => {
  const before = await submit(world, "before-the-kill");
  const client = connect({ retryAttempts: 100, retryWait: () => new Promise((again) => setTimeout(again, 50)), shouldRetry: () => true });
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

test("a cursor that was never given is an error of the subscription, with its code", async () => {
  const updates = connect().iterate<JobUpdates>({ query: JOB_UPDATES, variables: { after: "made-up" } });
  await expect(updates.next()).rejects.toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
});

test("a document that does not fit is an error of the operation, and the socket lives on", async () => {
  const client = connect();
  const wrong = client.iterate({ query: "subscription { noSuchField }" });
  await expect(wrong.next()).rejects.toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
  expect((await client.iterate({ query: "{ __typename }" }).next()).value).toEqual({ data: { __typename: "Query" } });
});

test("a token that does not hold is refused with 4403", async () => {
  const client = connect({ connectionParams: { authorization: "Bearer none" }, retryAttempts: 0 });
  await expect(client.iterate({ query: "{ __typename }" }).next()).rejects.toMatchObject({ code: 4403 });
});

test("a socket whose token ends is closed with 4403, and the client goes on with the token that it has then", async () => {
  const tokens = [await world.server.shortToken("2s"), world.server.token];
  const closed = new Latch<number>();
  const client = connect({
    connectionParams: () => ({ authorization: `Bearer ${tokens.shift()}` }),
    retryWait: () => Promise.resolve(),
    on: { closed: (event) => closed.open((event as { readonly code: number }).code) },
  });
  const { id, cursor } = await submit(world, "before-the-end-of-a-token");
  const variables = { after: cursor };
  const updates = client.iterate<JobUpdates>({ query: JOB_UPDATES, variables });
  await collectUntil(updates, id, "SUCCEEDED", (update) => {
    variables.after = update.cursor;
  });

  expect(await closed.opened).toBe(4403);
  const later = await submit(world, "after-the-end-of-a-token");
  await collectUntil(updates, later.id, "SUCCEEDED");
  expect(tokens).toEqual([]);
});

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const read: Item[] = [];
  for await (const item of items) read.push(item);
  return read;
}
