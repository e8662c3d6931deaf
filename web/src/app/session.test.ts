import { describe, expect, test } from "vitest";
import { plainToken, Session } from "./session";

function place(hash: string, stored?: string) {
  const storage = new Map(stored === undefined ? [] : [["gpu-fleet.token", stored]]);
  const urls: string[] = [];
  return {
    urls,
    storage,
    location: { hash, pathname: "/jobs", search: "?state=QUEUED" },
    history: { replaceState: (_data: unknown, _unused: string, url: string) => void urls.push(url) },
    sessionStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
      removeItem: (key: string) => void storage.delete(key),
    },
  };
}

describe("a session", () => {
  test("takes the token of a sign-in link and strips it from the address", () => {
    const here = place("#token=a.b.c");
    expect(new Session(here).state.get()).toEqual({ token: "a.b.c", refused: false });
    expect(here.urls).toEqual(["/jobs?state=QUEUED"]);
    expect([...here.storage.values()]).toEqual(["a.b.c"]);
  });

  test("goes on with the stored token, and leaves the address alone", () => {
    const here = place("", "stored");
    expect(new Session(here).state.get().token).toBe("stored");
    expect(here.urls).toEqual([]);
  });

  test("prefers the link to the stored token", () => {
    expect(new Session(place("#token=new", "old")).state.get().token).toBe("new");
  });

  test("forgets a refused token and says so", () => {
    const here = place("", "stored");
    const session = new Session(here);
    session.refuse();
    expect(session.state.get()).toEqual({ token: undefined, refused: true });
    expect(here.storage.size).toBe(0);
  });
});

test("a whole link may be pasted where a token is asked for", () => {
  expect([plainToken(" abc "), plainToken("http://127.0.0.1:8080/#token=abc"), plainToken("  ")]).toEqual(["abc", "abc", ""]);
});
