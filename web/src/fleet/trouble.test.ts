import { expect, test } from "vitest";
import { groupByHost } from "./hostGroups";
import { aGpu, aHost } from "./testFleet";
import { troubleName, troubles } from "./trouble";
import type { GpuState } from "./gpuState";

test("what is broken comes first, the same trouble of one host is one line, and a host that is down is no more than one", () => {
  const hosts = [aHost({ id: "a", name: "a01" }), aHost({ id: "b", name: "b01", status: "DOWN" })];
  const held = { allocations: [{ id: "x", milli: 1000, job: { id: "j", name: "notebook", organization: { id: "o", slug: "vision", name: "Vision" } } }] };
  const gpus = [
    aGpu({ id: "0", index: 0, hostId: "a", ...held }),
    aGpu({ id: "1", index: 1, hostId: "a", ...held }),
    aGpu({ id: "2", index: 2, hostId: "a", statusReason: "XID 79" }),
    aGpu({ id: "3", index: 3, hostId: "a" }),
    aGpu({ id: "4", index: 0, hostId: "b" }),
  ];
  const states: Record<string, GpuState> = { "0": "heldIdle", "1": "heldIdle", "2": "quarantined", "3": "free", "4": "unavailable" };
  const found = troubles(groupByHost(gpus, hosts), (id) => states[id] ?? "free");
  expect(found.map((trouble) => [troubleName(trouble), trouble.presentation.word, trouble.text])).toEqual([
    ["b01", "Down", "its agent is silent"],
    ["a01:2", "Quarantined", "XID 79"],
    ["a01:0,1", "Held idle", "notebook"],
  ]);
});
