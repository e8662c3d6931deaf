// Keeps the canvas equal to the fleet: notes what each cell looks like, and paints those that look otherwise, at most once
// per frame.
import type { FleetStore } from "../live/fleetStore";
import { answersText, type Colouring } from "./fleetView";
import { gpuStateNow } from "./gpuNow";
import { cellPlace, type MapLayout } from "./mapLayout";
import { type CellLook, lookKey, paintCell, type Palette } from "./mapPainter";
import { readPalette } from "./mapPalette";
import { numberOrganizations } from "./organizationNumbers";

export interface Scene {
  readonly layout: MapLayout;
  readonly colouring: Colouring;
  /** None: all. */
  readonly states: readonly string[];
  readonly text: string;
  /** Whose cells are marked. */
  readonly job: string | undefined;
}

const NAME_FONT = "12px system-ui, sans-serif";

export class MapCanvas {
  readonly #element: HTMLCanvasElement;
  readonly #fleet: FleetStore;
  readonly #stops: readonly (() => void)[];
  #scene: Scene | undefined;
  #palette: Palette | undefined;
  #painted = new Map<string, string>();
  #frame: number | undefined;

  constructor(element: HTMLCanvasElement, fleet: FleetStore) {
    this.#element = element;
    this.#fleet = fleet;
    this.#stops = [fleet.gpus.subscribeList(this.#paintSoon), fleet.readingRevision.subscribe(this.#paintSoon)];
  }

  show(scene: Scene): void {
    const whole = this.#scene?.layout !== scene.layout || this.#palette === undefined || this.#palette.text !== readPalette(this.#parent()).text;
    this.#scene = scene;
    if (whole) this.#begin(scene.layout);
    this.#paintSoon();
  }

  close(): void {
    this.#stops.forEach((stop) => stop());
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #parent(): HTMLElement {
    return this.#element.parentElement ?? document.body;
  }

  #begin({ width, height, zoom, blocks }: MapLayout): void {
    const ratio = window.devicePixelRatio;
    this.#element.width = Math.max(1, Math.round(width * ratio));
    this.#element.height = Math.max(1, Math.round(height * ratio));
    this.#palette = readPalette(this.#parent());
    this.#painted = new Map();
    const context = this.#element.getContext("2d");
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (zoom.name === 0) return;
    context.font = NAME_FONT;
    context.fillStyle = this.#palette.text;
    context.textBaseline = "top";
    for (const { group, x, y, width: room } of blocks) context.fillText(fitted(context, group.host.name, room), x, y + 1);
  }

  readonly #paintSoon = (): void => {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#paint();
    });
  };

  #paint(): void {
    const context = this.#element.getContext("2d");
    const [scene, palette] = [this.#scene, this.#palette];
    if (context === null || scene === undefined || palette === undefined) return;
    const numbers = numberOrganizations(this.#fleet.gpus.values());
    for (const block of scene.layout.blocks) {
      block.group.gpus.forEach(({ id }, index) => {
        const look = this.#look(id, scene, numbers);
        const key = lookKey(look, scene.colouring);
        if (this.#painted.get(id) === key) return;
        this.#painted.set(id, key);
        const { x, y } = cellPlace(scene.layout, block, index);
        paintCell(context, x, y, scene.layout.zoom.cell, look, scene.colouring, palette);
      });
    }
    // Tests and people with a debugger see from outside how many cells have been painted.
    this.#element.dataset["cells"] = String(this.#painted.size);
  }

  #look(id: string, scene: Scene, numbers: ReadonlyMap<string, number>): CellLook {
    const gpu = this.#fleet.gpus.get(id);
    const state = gpuStateNow(this.#fleet, id);
    const percent = this.#fleet.reading(id).get()?.telemetry?.utilizationPercent;
    const passes = gpu !== undefined && answersText(gpu, this.#fleet.hosts.get(gpu.hostId), scene.text) && (scene.states.length === 0 || scene.states.includes(state));
    const holder = gpu?.allocations[0]?.job;
    return {
      state,
      level: percent === null || percent === undefined ? undefined : percent / 100,
      organization: holder === undefined ? undefined : numbers.get(holder.organization.slug),
      faint: !passes,
      marked: scene.job !== undefined && holder?.id === scene.job,
    };
  }
}

/** As much of a name as fits. */
function fitted(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) return name;
  let end = name.length - 1;
  while (end > 1 && context.measureText(`${name.slice(0, end)}…`).width > room) end -= 1;
  return `${name.slice(0, end)}…`;
}
