import { describe, expect, test } from "vitest";
import type { Gpu, Host } from "../live/fleetStore";
import { answersText, parseFleetView, writeFleetView } from "./fleetView";
import type { HostGroup } from "./hostGroups";
import { nextTrouble, step } from "./mapKeys";
import { cellPlace, layOut, MIDDLE, SMALL, spotAt, zoomFor } from "./mapLayout";
import { type CellLook, lookKey } from "./mapPainter";
import { numberOrganizations } from "./organizationNumbers";
import { aGpu, aHost } from "./testFleet";

function aGroup(name: string, gpus: number): HostGroup {
  const host: Host = aHost({ id: name, name });
  return { host, gpus: Array.from({ length: gpus }, (_, index) => aGpu({ id: `${name}-${index}`, index, hostId: name })), busy: 0, models: "" };
}

const hosts = (count: number, gpus = 8) => Array.from({ length: count }, (_, index) => aGroup(`h${index}`, gpus));

describe("the map", () => {
  test("of 4,000 GPUs fits into one screen of 1,400 by 800 pixels", () => {
    const layout = layOut(hosts(500), 1400, SMALL);
    expect(layout.height).toBeLessThan(800);
    expect(Math.max(...layout.blocks.map(({ x, width }) => x + width))).toBeLessThanOrEqual(1400);
  });

  test("fits into a phone", () => {
    const layout = layOut(hosts(20), 340, MIDDLE);
    expect(Math.max(...layout.blocks.map(({ x, width }) => x + width))).toBeLessThanOrEqual(340);
  });

  test("shows names as long as there are few GPUs", () => {
    expect([zoomFor(512), zoomFor(513)]).toEqual([MIDDLE, SMALL]);
  });

  test.each([MIDDLE, SMALL])("finds under the pointer what stands there: %j", (zoom) => {
    const layout = layOut([aGroup("wide", 20), ...hosts(60), aGroup("narrow", 3)], 900, zoom);
    for (const [block, one] of layout.blocks.entries()) {
      one.group.gpus.forEach((_, cell) => {
        const { x, y } = cellPlace(layout, one, cell);
        expect(spotAt(layout, { x: x + zoom.cell / 2, y: y + zoom.cell / 2 })).toEqual({ block, cell });
      });
    }
    expect(spotAt(layout, { x: -1, y: 5 })).toBeUndefined();
    expect(spotAt(layout, { x: 5, y: layout.height + 500 })).toBeUndefined();
  });

  test("has nothing between cells", () => {
    const layout = layOut(hosts(1), 900, MIDDLE);
    expect(spotAt(layout, { x: MIDDLE.cell + 1, y: MIDDLE.name + 5 })).toBeUndefined();
  });
});

describe("keys on the map", () => {
  const layout = layOut([aGroup("a", 8), aGroup("b", 2), aGroup("c", 8)], 500, MIDDLE);
  const at = (block: number, cell: number) => ({ block, cell });

  test("arrows go by GPU and over the end of a host", () => {
    expect(step(layout, at(0, 7), "ArrowRight", false)).toEqual(at(1, 0));
    expect(step(layout, at(1, 0), "ArrowLeft", false)).toEqual(at(0, 7));
    expect(step(layout, at(2, 7), "ArrowRight", false)).toEqual(at(2, 7));
  });

  test("up and down go by rows of hosts", () => {
    expect(layout.columns).toBe(2);
    expect(step(layout, at(0, 5), "ArrowDown", false)).toEqual(at(2, 5));
    expect(step(layout, at(2, 5), "ArrowUp", false)).toEqual(at(0, 5));
  });

  test("with Ctrl they go by host, and stay within it", () => {
    expect(step(layout, at(0, 6), "ArrowRight", true)).toEqual(at(1, 1));
    expect(step(layout, at(0, 6), "x", false)).toBeUndefined();
  });

  test("n goes to the next one in trouble, and round", () => {
    const stateOf = (id: string) => (id === "a-3" || id === "b-1" ? "failed" : "free");
    expect(nextTrouble(layout, undefined, stateOf)).toEqual(at(0, 3));
    expect(nextTrouble(layout, at(0, 3), stateOf)).toEqual(at(1, 1));
    expect(nextTrouble(layout, at(1, 1), stateOf)).toEqual(at(0, 3));
    expect(nextTrouble(layout, at(1, 1), () => "free")).toBeUndefined();
  });
});

describe("a cell's look", () => {
  const look: CellLook = { state: "working", level: 0.5, organization: 1, faint: false, marked: false };

  test("is another when anything that is seen is another", () => {
    const keys = [look, { ...look, state: "failed" as const }, { ...look, level: 0.9 }, { ...look, organization: 2 }, { ...look, faint: true }, { ...look, marked: true }];
    expect(new Set(keys.map((one) => lookKey(one, "state"))).size).toBe(keys.length);
  });

  test("is the same for what nobody could tell apart", () => {
    expect(lookKey({ ...look, level: 0.501 }, "state")).toBe(lookKey(look, "state"));
  });
});

describe("the view in the URL", () => {
  test("is read as it was written, and says nothing of what is as usual", () => {
    const view = { shape: "table", colouring: "use", text: "a01 H100", states: ["failed", "free"] } as const;
    expect(parseFleetView(writeFleetView("gpu=x", view))).toEqual(view);
    expect(writeFleetView("gpu=x", parseFleetView("view=nonsense"))).toBe("gpu=x");
  });
});

describe("searching the fleet", () => {
  const job = { id: "j", name: "train-llama", organization: { id: "o", slug: "vision", name: "Vision" } };
  const gpu: Gpu = aGpu({ index: 3, allocations: [{ id: "a", milli: 1000, job }] });

  test.each([
    ["", true],
    ["A100 gpu-1", true],
    ["gpu-1:3", true],
    ["llama vision", true],
    ["llama speech", false],
  ])("%j: %j", (text, found) => {
    expect(answersText(gpu, aHost(), text)).toBe(found);
  });

  test("organizations are numbered by their slug", () => {
    const other = { ...job, organization: { ...job.organization, slug: "audio" } };
    expect([...numberOrganizations([gpu, aGpu({ allocations: [{ id: "b", milli: 1, job: other }] })])]).toEqual([["audio", 0], ["vision", 1]]);
  });
});
