import { describe, expect, test, vi } from "vitest";
import { EntityMap } from "./entityMap";

const gpu = (id: string, version: number, name = "") => ({ id, version, name });

describe("the entity map", () => {
  test("drops a version older than the known one", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    map.put(gpu("a", 3, "new"));
    expect(map.put(gpu("a", 2, "old"))).toBe(false);
    expect(map.get("a")?.name).toBe("new");
  });

  test("takes an equal version, because what an entity refers to may have changed", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    map.put(gpu("a", 3, "before"));
    expect(map.put(gpu("a", 3, "after"))).toBe(true);
    expect(map.get("a")?.name).toBe("after");
  });

  test("tells only the listeners of the entity that changed", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    const [a, b] = [vi.fn(), vi.fn()];
    map.subscribe("a", a);
    map.subscribe("b", b);
    map.put(gpu("a", 1));
    expect([a.mock.calls.length, b.mock.calls.length]).toEqual([1, 0]);
  });

  test("tells the list once for many changes, and not at all for none", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    const list = vi.fn();
    map.subscribeList(list);
    map.putAll([gpu("a", 2), gpu("b", 2)]);
    map.putAll([gpu("a", 1), gpu("b", 1)]);
    expect(list).toHaveBeenCalledTimes(1);
    expect(map.revision).toBe(1);
  });

  test("a snapshot removes what is gone and keeps what is newer", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    map.putAll([gpu("gone", 1), gpu("newer", 9, "live")]);
    map.replaceAll([gpu("newer", 8, "snapshot"), gpu("added", 1)]);
    expect(map.values().map(({ id }) => id).sort()).toEqual(["added", "newer"]);
    expect(map.get("newer")?.name).toBe("live");
  });

  test("a listener that left hears nothing more", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    const listener = vi.fn();
    map.subscribe("a", listener)();
    map.put(gpu("a", 1));
    expect(listener).not.toHaveBeenCalled();
  });

  test("forgets what changed longest ago, and nothing that somebody looks at", () => {
    const map = new EntityMap<ReturnType<typeof gpu>>();
    map.putAll(["a", "b", "c", "d"].map((id) => gpu(id, 1)));
    map.subscribe("b", () => undefined);
    map.put(gpu("a", 2));
    map.trim(2);
    expect(map.values().map(({ id }) => id)).toEqual(["b", "a"]);
    map.trim(0);
    expect(map.values().map(({ id }) => id)).toEqual(["b"]);
  });
});
