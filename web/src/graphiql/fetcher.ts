// How GraphiQL reaches the API: requests by fetch, subscriptions by one WebSocket that opens with the first of them.
import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

const PATH = "/graphql";

export function createFetcher(token: string): Fetcher {
  const authorization = `Bearer ${token}`;
  return createGraphiQLFetcher({
    url: PATH,
    headers: { authorization },
    wsClient: createClient({ url: socketUrl(window.location.href), connectionParams: { authorization } }),
  });
}

function socketUrl(page: string): string {
  const url = new URL(PATH, page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
