// How the fleet is looked at, as it stands in the URL: ?view=table&color=use&q=a01&state=failed,heldIdle.
import type { Gpu, Host } from "../live/fleetStore";
import { GPU_STATES, type GpuState } from "./gpuState";

export const COLOURINGS = ["state", "use", "organization"] as const;
export type Colouring = (typeof COLOURINGS)[number];
export const SHAPES = ["map", "table"] as const;
export type FleetShape = (typeof SHAPES)[number];

export interface FleetView {
  readonly shape: FleetShape;
  readonly colouring: Colouring;
  readonly text: string;
  /** None: all. */
  readonly states: readonly GpuState[];
}

export function parseFleetView(search: string): FleetView {
  const parameters = new URLSearchParams(search);
  const states = (parameters.get("state") ?? "").split(",");
  return {
    shape: SHAPES.find((shape) => shape === parameters.get("view")) ?? "map",
    colouring: COLOURINGS.find((colouring) => colouring === parameters.get("color")) ?? "state",
    text: parameters.get("q") ?? "",
    states: GPU_STATES.filter((state) => states.includes(state)),
  };
}

export function writeFleetView(search: string, view: FleetView): string {
  const parameters = new URLSearchParams(search);
  const set = (name: string, value: string): void => (value === "" ? parameters.delete(name) : parameters.set(name, value));
  set("view", view.shape === "map" ? "" : view.shape);
  set("color", view.colouring === "state" ? "" : view.colouring);
  set("q", view.text.trim());
  set("state", view.states.join(","));
  return parameters.toString().replaceAll("%2C", ",");
}

/** Words of the host's name, the card's type and whoever holds it; all of them must occur. */
export function answersText(gpu: Gpu, host: Host | undefined, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return true;
  const held = gpu.allocations.map(({ job }) => `${job.name} ${job.organization.slug}`).join(" ");
  const all = `${host?.name ?? ""}:${gpu.index} ${gpu.gpuType} ${held}`.toLowerCase();
  return words.every((word) => all.includes(word));
}
