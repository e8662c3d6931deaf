import { describe, expect, test } from "vitest";
import type { Attempt } from "./authorization";
import { ProviderSignIn } from "./providerSignIn";
import { Session } from "./session";

const ORIGIN = "https://fleet.example.org";
const PROVIDER = {
  name: "Example",
  issuer: "https://id.example.org",
  authorizationEndpoint: "https://id.example.org/auth",
  clientId: "fleet",
  scopes: "openid",
};

interface Asked {
  readonly path: string;
  readonly body: unknown;
}

/** A page at an address, and a server that answers so. */
function world(path: string, answers: Readonly<Record<string, Response | "nothing">> = {}, storage = new Map<string, string>()) {
  const asked: Asked[] = [];
  const urls: string[] = [];
  const assigned: string[] = [];
  const address = new URL(path, ORIGIN);
  const place = {
    location: { origin: ORIGIN, pathname: address.pathname, search: address.search, hash: "", assign: (url: string) => void assigned.push(url) },
    history: { replaceState: (_data: unknown, _unused: string, url: string) => void urls.push(url) },
    sessionStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
      removeItem: (key: string) => void storage.delete(key),
    },
    isSecureContext: true,
    fetch: async (input: string, init: RequestInit) => {
      asked.push({ path: input, body: typeof init.body === "string" ? JSON.parse(init.body) : undefined });
      const answer = answers[input];
      if (answer === undefined || answer === "nothing") throw new TypeError("no network");
      return answer.clone();
    },
  };
  const session = new Session(place);
  return { asked, urls, assigned, storage, session, signIn: new ProviderSignIn(place, session) };
}

/** A page that has just come back with this, from an attempt that was begun on the page of a job. */
async function back(query: (kept: Attempt) => string, answer?: Response) {
  const before = world("/jobs/job_1?tab=log");
  await before.signIn.begin(PROVIDER);
  const kept = JSON.parse(before.storage.get("gpu-fleet.sign-in") ?? "") as Attempt;
  const path = `/sign-in/callback?${query(kept)}`;
  const after = world(path, { "/sign-in/token": answer ?? "nothing" }, before.storage);
  await after.signIn.finish();
  return { kept, ...after };
}

const refusal = (status: number, code: string, message: string) => Response.json({ errors: [{ message, extensions: { code } }] }, { status });

describe("the offer", () => {
  test("is what the server says, asked once", async () => {
    const { signIn, asked } = world("/", { "/sign-in/provider": Response.json({ provider: PROVIDER }) });
    await signIn.ask();
    await signIn.ask();
    expect(signIn.offer.get()).toEqual({ phase: "on", provider: PROVIDER });
    expect(asked).toHaveLength(1);
  });

  test("is none where the server has no provider", async () => {
    const { signIn } = world("/", { "/sign-in/provider": Response.json({ provider: null }) });
    await signIn.ask();
    expect(signIn.offer.get()).toEqual({ phase: "off" });
  });

  test.each([
    ["away", refusal(503, "UNAVAILABLE", "Example does not answer.")],
    ["unintelligible", Response.json({ provider: { name: 7 } })],
    ["not JSON", new Response("<html>")],
    ["not there", "nothing" as const],
  ])("is asked for again when the answer is %s", async (_, answer) => {
    const { signIn, asked } = world("/", { "/sign-in/provider": answer });
    await signIn.ask();
    await signIn.ask();
    expect(signIn.offer.get().phase).toBe("away");
    expect(asked).toHaveLength(2);
  });
});

describe("coming back", () => {
  test("signs in, on the page where one was, with nothing left behind", async () => {
    const world = await back(({ state }) => `code=c-1&state=${state}`, Response.json({ token: "a.b.c" }));
    expect(world.session.state.get()).toEqual({ token: "a.b.c", refused: false });
    expect(world.urls).toEqual(["/jobs/job_1?tab=log"]);
    expect([...world.storage.keys()]).toEqual(["gpu-fleet.token"]);
    const { verifier: codeVerifier, nonce } = world.kept;
    const body = { code: "c-1", codeVerifier, nonce, redirectUri: `${ORIGIN}/sign-in/callback` };
    expect(world.asked).toEqual([{ path: "/sign-in/token", body }]);
    expect(world.signIn.progress.get()).toEqual({ phase: "none" });
  });

  test("with another's state asks the server nothing, and ends the attempt", async () => {
    const world = await back(() => "code=c-1&state=another", Response.json({ token: "a.b.c" }));
    expect(world.asked).toEqual([]);
    expect(world.session.state.get().token).toBeUndefined();
    expect(world.storage.size).toBe(0);
    expect(world.signIn.progress.get()).toMatchObject({ phase: "failed", message: expect.stringContaining("not begun in this tab") });
  });

  test("a second time finishes nothing", async () => {
    const first = await back(({ state }) => `code=c-1&state=${state}`, refusal(401, "UNAUTHENTICATED", "Example refused the sign-in: invalid_grant."));
    const again = world(`/sign-in/callback?code=c-1&state=${first.kept.state}`, {}, first.storage);
    await again.signIn.finish();
    expect(again.asked).toEqual([]);
    expect(again.urls).toEqual(["/"]);
  });

  test.each([
    ["refused", refusal(403, "FORBIDDEN", "No role here."), "No role here."],
    ["over the rate", refusal(429, "RATE_LIMITED", "Try again in 3 s."), "Try again in 3 s."],
    ["cut off", undefined, "The server does not answer. Check that gpu-fleet is running and that this machine can reach it, then try again."],
    ["without a token", Response.json({}), "The server gave no token."],
    ["not the server's", new Response("bad gateway", { status: 502 }), "The server answered with HTTP status 502."],
  ])("%s says why, on the page where one was", async (_, answer, message) => {
    const world = await back(({ state }) => `code=c-1&state=${state}`, answer);
    expect(world.signIn.progress.get()).toEqual({ phase: "failed", message });
    expect(world.session.state.get().token).toBeUndefined();
    expect(world.urls).toEqual(["/jobs/job_1?tab=log"]);
  });

  test("is over once somebody is in by another way", async () => {
    const world = await back(({ state }) => `error=access_denied&state=${state}`);
    expect(world.signIn.progress.get().phase).toBe("failed");
    world.session.signIn("a.b.c");
    expect(world.signIn.progress.get()).toEqual({ phase: "none" });
  });

  test("from a storage that somebody has written into is refused", async () => {
    const here = world("/sign-in/callback?code=c&state=s", {}, new Map([["gpu-fleet.sign-in", "{"]]));
    await here.signIn.finish();
    expect(here.signIn.progress.get().phase).toBe("failed");
    expect(here.storage.size).toBe(0);
  });
});

test("other pages finish nothing and keep what was begun", async () => {
  const here = world("/jobs?code=c&state=s", {}, new Map([["gpu-fleet.sign-in", "{}"]]));
  await here.signIn.finish();
  expect([here.asked, here.urls, here.storage.size]).toEqual([[], [], 1]);
});

test("an address that is no page is said, and nothing is kept", async () => {
  const here = world("/");
  await here.signIn.begin({ ...PROVIDER, authorizationEndpoint: "javascript:alert(1)" });
  expect(here.signIn.progress.get().phase).toBe("failed");
  expect([here.assigned, here.storage.size]).toEqual([[], 0]);
});
