// The audits that the reference implementation of GraphQL over HTTP brings for servers.
import { serverAudits } from "graphql-http";
import { describe, expect, test } from "vitest";
import { useServer } from "../harness/world.ts";

const world = useServer();

const audits = serverAudits({
  url: () => world.url,
  fetchFn: (address: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", world.authorization);
    return fetch(address, { ...init, headers });
  },
});

describe("GraphQL over HTTP", () => {
  test("there are audits of each kind", () => {
    const kinds = new Set(audits.map(({ name }) => name.split(" ")[0]));
    expect(kinds).toEqual(new Set(["MUST", "SHOULD", "MAY"]));
    expect(audits.length).toBeGreaterThan(50);
  });

  // An optional one may answer with a notice; the server keeps those too, so that all are held to the same.
  test.each(audits)("$id: $name", async (audit) => {
    const result = await audit.fn();
    const reason = "reason" in result ? result.reason : undefined;
    expect({ status: result.status, reason }).toEqual({ status: "ok", reason: undefined });
  });

  test("an audit fails without a token", async () => {
    const bare = serverAudits({ url: () => world.url, fetchFn: fetch });
    const results = await Promise.all(bare.filter(({ name }) => name.startsWith("MUST")).map((audit) => audit.fn()));
    expect(results.filter(({ status }) => status === "error")).not.toEqual([]);
  });
});
