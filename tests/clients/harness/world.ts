// What the tests of a file share: a server of its own, and how to ask it anything without a client's help.
import { afterAll, beforeAll } from "vitest";
import { FleetServer } from "../../harness/server.ts";

export interface World {
  readonly server: FleetServer;
  /** The address of the API over HTTP. */
  readonly url: string;
  /** The same over WebSocket. */
  readonly socketUrl: string;
  /** What the header of that name says. */
  readonly authorization: string;
}

/** To be called once in a file; what it answers may be used inside tests. */
export function useServer(): World {
  let running: FleetServer | undefined;
  beforeAll(async () => {
    running = await FleetServer.start();
  });
  afterAll(() => running?.remove());
  return new LateWorld(() => {
    if (running === undefined) throw new Error("the server runs only while tests do");
    return running;
  });
}

class LateWorld implements World {
  readonly #find: () => FleetServer;

  constructor(find: () => FleetServer) {
    this.#find = find;
  }

  get server(): FleetServer {
    return this.#find();
  }

  get url(): string {
    return `${this.server.origin}/graphql`;
  }

  get socketUrl(): string {
    return this.url.replace(/^http/, "ws");
  }

  get authorization(): string {
    return `Bearer ${this.server.token}`;
  }
}

export interface SubmittedJob {
  readonly id: string;
  /** Of the event that made it: where a subscription to what comes after begins. */
  readonly cursor: string;
}

/** Submits a job that does nothing but end. */
export async function submit({ url, authorization }: World, name: string): Promise<SubmittedJob> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ query: SUBMIT, variables: { input: { name, command: ["true"] } } }),
  });
  const { data, errors } = (await response.json()) as { data?: SubmitData | null; errors?: unknown };
  if (data === undefined || data === null) throw new Error(`the API refused: ${JSON.stringify(errors)}`);
  const { id, events } = data.submitJob.job;
  return { id, cursor: events.edges[0].cursor };
}

const SUBMIT = `mutation Submit($input: SubmitJobInput!) {
  submitJob(input: $input) { job { id events(first: 1) { edges { cursor } } } }
}`;

interface SubmitData {
  readonly submitJob: { readonly job: { readonly id: string; readonly events: { readonly edges: readonly [{ readonly cursor: string }] } } };
}
