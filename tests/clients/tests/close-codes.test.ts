// What a client is told that breaks the graphql-transport-ws protocol. No proper client does, so this speaks it by hand, in the
// words of graphql-ws.
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from "graphql-ws";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { useServer } from "../harness/world.ts";

const world = useServer();

type Words = readonly (object | string)[];

const init = (): object => ({ type: MessageType.ConnectionInit, payload: { authorization: world.authorization } });
const subscribe = (id: string): object => ({
  id,
  type: MessageType.Subscribe,
  payload: { query: "subscription { jobUpdates { cursor } }" },
});

/** Says all of it at once, and waits for the server to close. */
async function closeCodeAfter(words: Words, protocols: string[] = [GRAPHQL_TRANSPORT_WS_PROTOCOL]): Promise<number> {
  const socket = new WebSocket(world.socketUrl, protocols);
  const code = new Promise<number>((closed, failed) => {
    socket.once("close", closed);
    socket.once("error", failed);
  });
  socket.once("open", () => words.forEach((word) => socket.send(typeof word === "string" ? word : JSON.stringify(word))));
  return code;
}

describe.concurrent("a socket is closed", () => {
  test("with 4400 for what is no JSON", async () => {
    expect(await closeCodeAfter(["{"])).toBe(CloseCode.BadRequest);
  });

  test("with 4400 for a message of no known type", async () => {
    expect(await closeCodeAfter([init(), { type: "surprise" }])).toBe(CloseCode.BadRequest);
  });

  test("with 4400 for a subscription without an id", async () => {
    expect(await closeCodeAfter([init(), { ...subscribe("a"), id: undefined }])).toBe(CloseCode.BadRequest);
  });

  test("with 4401 for a subscription before the introduction", async () => {
    expect(await closeCodeAfter([subscribe("a")])).toBe(CloseCode.Unauthorized);
  });

  test("with 4403 for an introduction without a token", async () => {
    expect(await closeCodeAfter([{ type: MessageType.ConnectionInit }])).toBe(CloseCode.Forbidden);
  });

  test("with 4406 for another protocol, or none", async () => {
    expect(await closeCodeAfter([], [])).toBe(CloseCode.SubprotocolNotAcceptable);
  });

  test("with 4408 for silence in place of an introduction", async () => {
    expect(await closeCodeAfter([])).toBe(CloseCode.ConnectionInitialisationTimeout);
  });

  test("with 4409 for an id that is taken", async () => {
    expect(await closeCodeAfter([init(), subscribe("a"), subscribe("a")])).toBe(CloseCode.SubscriberAlreadyExists);
  });

  test("with 4429 for a second introduction", async () => {
    expect(await closeCodeAfter([init(), init()])).toBe(CloseCode.TooManyInitialisationRequests);
  });
});

// Otherwise the client takes it for a broken connection, and waits before it uses another.
test("a client that closes is answered", async () => {
  const socket = new WebSocket(world.socketUrl, [GRAPHQL_TRANSPORT_WS_PROTOCOL]);
  const closed = new Promise<number>((end) => socket.once("close", end));
  socket.once("open", () => socket.send(JSON.stringify(init())));
  socket.once("message", () => socket.close(1000, "Normal Closure"));
  expect(await closed).toBe(1000);
});
