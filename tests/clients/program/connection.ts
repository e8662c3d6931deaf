// The few lines between generated documents and the network: a request by fetch, a subscription by graphql-ws.
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { TypedDocumentString } from "../generated/graphql.ts";

export class Connection {
  readonly #url: URL;
  readonly #authorization: string;

  constructor(origin: string, token: string) {
    this.#url = new URL("/graphql", origin);
    this.#authorization = `Bearer ${token}`;
  }

  async request<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { authorization: this.#authorization, "content-type": "application/json" },
      body: JSON.stringify({ query: document.toString(), variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data | null; errors?: unknown };
    if (errors !== undefined || data === undefined || data === null) throw new Error(`refused: ${JSON.stringify(errors)}`);
    return data;
  }

  async *subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): AsyncGenerator<Data> {
    const url = this.#url.href.replace(/^http/, "ws");
    const client = createClient({ url, webSocketImpl: WebSocket, connectionParams: { authorization: this.#authorization } });
    try {
      for await (const { data, errors } of client.iterate<Data>({ query: document.toString(), variables })) {
        if (data === undefined || data === null) throw new Error(`refused: ${JSON.stringify(errors)}`);
        yield data;
      }
    } finally {
      await client.dispose();
    }
  }
}
