import { describe, expect, test } from "vitest";
import { hostChanges, labelProblem } from "./hostForm";
import type { HostFacts } from "./useHostDetail";

const host: HostFacts = {
  id: "h",
  version: 3,
  name: "gpu-a01",
  status: "READY",
  statusReason: null,
  cpus: 64,
  memoryMib: 1024,
  agentVersion: null,
  containment: null,
  containerRuntime: null,
  lastHeartbeatAt: null,
  warnings: [],
  labels: [{ key: "rack", value: "4" }],
  organization: { id: "o", slug: "vision", name: "Vision" },
};

describe("what is changed of a host", () => {
  test.each([
    [{ organizationId: "o", labels: " rack=4 " }, {}],
    [{ organizationId: "", labels: "rack=4" }, { shared: true }],
    [{ organizationId: "p", labels: "rack=4\nnvlink=a=b" }, { organizationId: "p", labels: [{ key: "rack", value: "4" }, { key: "nvlink", value: "a=b" }] }],
  ])("%j changes %j", (fields, changes) => {
    expect(hostChanges(host, fields)).toEqual(changes);
  });

  test("labels must have a key", () => {
    expect([labelProblem("a=1\n\nb="), labelProblem("a"), labelProblem("=1")]).toEqual([undefined, "must be one key=value a line", "must be one key=value a line"]);
  });
});
