import { describe, expect, test } from "vitest";
import { type Attempt, authorizationAddress, beginAttempt, challengeOf, pageOfThisOrigin, type Provider, readReturn } from "./authorization";

const ORIGIN = "https://fleet.example.org";
const PROVIDER: Provider = {
  name: "Example",
  issuer: "https://id.example.org",
  authorizationEndpoint: "https://id.example.org/auth?realm=lab",
  clientId: "gpu fleet",
  scopes: "openid profile",
};

describe("an attempt", () => {
  test("has secrets of its own, each of 256 bits", () => {
    const attempts = [1, 2].map(() => beginAttempt(PROVIDER, ORIGIN, "/jobs"));
    const secrets = attempts.flatMap(({ state, nonce, verifier }) => [state, nonce, verifier]);
    expect(new Set(secrets).size).toBe(6);
    secrets.forEach((secret) => expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/));
  });

  test("goes to the provider with the challenge, and keeps the verifier", async () => {
    const attempt = beginAttempt(PROVIDER, ORIGIN, "/jobs?state=QUEUED");
    const address = new URL((await authorizationAddress(PROVIDER, attempt)) ?? "");
    expect(address.origin + address.pathname).toBe("https://id.example.org/auth");
    expect(Object.fromEntries(address.searchParams)).toEqual({
      realm: "lab",
      response_type: "code",
      client_id: "gpu fleet",
      redirect_uri: "https://fleet.example.org/sign-in/callback",
      scope: "openid profile",
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await challengeOf(attempt.verifier),
      code_challenge_method: "S256",
    });
    expect(address.href).not.toContain(attempt.verifier);
  });

  test("has the challenge of the standard's own example", async () => {
    expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  });

  test("goes nowhere that is not a page", async () => {
    const attempt = beginAttempt(PROVIDER, ORIGIN, "/");
    for (const authorizationEndpoint of ["javascript:alert(1)", "data:text/html,x", "/auth", ""]) {
      expect(await authorizationAddress({ ...PROVIDER, authorizationEndpoint }, attempt)).toBeUndefined();
    }
  });
});

describe("a return", () => {
  const attempt: Attempt = { ...beginAttempt(PROVIDER, ORIGIN, "/"), state: "s" };
  const cases = [
    ["?code=c&state=s", attempt, { code: "c", attempt }],
    ["?code=c&state=s&iss=https%3A%2F%2Fid.example.org", attempt, { code: "c", attempt }],
    ["?code=c&state=s", undefined, { failure: expect.stringContaining("not begun in this tab") }],
    ["?code=c&state=t", attempt, { failure: expect.stringContaining("not begun in this tab") }],
    ["?code=c", attempt, { failure: expect.stringContaining("not begun in this tab") }],
    ["?code=c&state=s&iss=https%3A%2F%2Fevil.example.org", attempt, { failure: expect.stringContaining("not from Example") }],
    ["?state=s", attempt, { failure: expect.stringContaining("no code") }],
    ["?code=&state=s", attempt, { failure: expect.stringContaining("no code") }],
    ["?error=access_denied&state=s", attempt, { failure: "Example has not signed you in. It says access_denied" }],
    ["?error=a&error_description=no%20%3Cb%3E&code=c&state=s", attempt, { failure: "Example has not signed you in. It says a: no <b>" }],
  ] as const;
  test.each(cases)("%s", (search, kept, expected) => expect(readReturn(search, kept)).toEqual(expected));

  test("shows nothing of what others put into a link", () => {
    const returned = readReturn("?error=x&error_description=Call+0190&state=t", attempt);
    expect(JSON.stringify(returned)).not.toContain("0190");
  });

  test("shows so much of an error and no more", () => {
    const returned = readReturn(`?error=${"e".repeat(9999)}&state=s`, attempt);
    expect("failure" in returned && returned.failure.length).toBeLessThan(400);
  });
});

test("nobody is sent to another origin, nor back to the sign-in", () => {
  const stays = ["/jobs?state=QUEUED", "/fleet/hosts/h", "/"];
  stays.forEach((next) => expect(pageOfThisOrigin(next, ORIGIN)).toBe(next));
  const refused = ["//evil.example.org", "/\\evil.example.org", "/\t/evil.example.org", "https://evil.example.org", "javascript:alert(1)", "", "jobs", "/sign-in/callback?code=c"];
  refused.forEach((next) => expect(pageOfThisOrigin(next, ORIGIN), next).toBe("/"));
});
