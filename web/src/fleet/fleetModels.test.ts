import { describe, expect, test } from "vitest";
import { fleetSentence } from "./fleetSentence";
import { countMatches, matches } from "./gpuMatch";
import { type GpuFacts, gpuState } from "./gpuState";
import { groupByHost } from "./hostGroups";
import { aGpu, aHost } from "./testFleet";

const totals = { hosts: 1, hostsReady: 1, gpus: 8, gpusAvailable: 3, gpusAllocated: 5, gpusUnavailable: 0, utilizationPercent: 1, jobsQueued: 2, jobsRunning: 3 };

test("the fleet in one sentence", () => {
  expect(fleetSentence(totals)).toBe("5 of 8 GPUs busy, 2 jobs waiting, 3 running");
  expect(fleetSentence({ ...totals, gpusUnavailable: 1, jobsQueued: 1 })).toBe("5 of 8 GPUs busy, 1 job waiting, 3 running, 1 GPU out of service");
  expect(fleetSentence({ ...totals, gpus: 0 })).toContain("No GPU has joined yet");
});

describe("a GPU's state", () => {
  const facts = (fields: Partial<GpuFacts>): GpuFacts => ({ status: "ALLOCATED", health: "HEALTHY", use: null, ...fields });

  test.each<[Partial<GpuFacts>, string]>([
    [{ use: "WORKING" }, "working"],
    [{}, "allocated"],
    [{ use: "HELD_IDLE" }, "heldIdle"],
    [{ use: "HELD_EMPTY" }, "heldIdle"],
    [{ status: "AVAILABLE" }, "free"],
    [{ status: "AVAILABLE", health: "DEGRADED" }, "degraded"],
    [{ status: "QUARANTINED", use: "FOREIGN" }, "quarantined"],
    [{ status: "UNAVAILABLE" }, "unavailable"],
    [{ health: "FAILED", use: "WORKING" }, "failed"],
  ])("%j is %s", (fields, state) => {
    expect(gpuState(facts(fields))).toBe(state);
  });
});

describe("GPUs by host", () => {
  test("trouble first, then by name with numbers as numbers; GPUs by index", () => {
    const hosts = ["node-10", "node-2", "node-3"].map((name) => aHost({ id: name, name }));
    const gpus = [
      aGpu({ id: "a", hostId: "node-10", index: 1 }),
      aGpu({ id: "b", hostId: "node-10", index: 0 }),
      aGpu({ id: "c", hostId: "node-2" }),
      aGpu({ id: "d", hostId: "node-3", status: "QUARANTINED" }),
    ];
    const groups = groupByHost(gpus, hosts);
    expect(groups.map((group) => group.host.name)).toEqual(["node-3", "node-2", "node-10"]);
    expect(groups[2]?.gpus.map((gpu) => gpu.index)).toEqual([0, 1]);
  });

  test("names every type that a host carries", () => {
    const gpus = [aGpu({ id: "a" }), aGpu({ id: "b", gpuType: "NVIDIA L40S" }), aGpu({ id: "c" })];
    expect(groupByHost(gpus, [aHost()])[0]?.models).toBe("2 × A100-SXM4-80GB, 1 × L40S");
  });
});

describe("matching GPUs", () => {
  test.each([
    [[], null, true],
    [["nvidia a100"], null, true],
    [["H100", "a100 80gb"], 80, true],
    [["A100 40GB"], null, false],
    [["A10"], null, false],
    [["a100-80gb"], null, true],
    [[], 86, false],
  ])("types %j with %j GB: %j", (gpuTypes, minMemoryGb, expected) => {
    expect(matches(aGpu(), { gpuTypes, minMemoryGb })).toBe(expected);
  });

  test("counts those that are free now", () => {
    const gpus = [aGpu({ id: "a" }), aGpu({ id: "b", status: "ALLOCATED" }), aGpu({ id: "c", gpuType: "NVIDIA L4" })];
    expect(countMatches(gpus, { gpuTypes: ["A100"], minMemoryGb: null })).toEqual({ matching: 2, free: 1 });
  });
});
