// Going through the map by keys: arrows by GPU, with Ctrl by host, n to the next one in trouble.
import type { GpuState } from "./gpuState";
import type { MapLayout, Spot } from "./mapLayout";

const START: Spot = { block: 0, cell: 0 };

/** Where a key leads; undefined: it is no key of the map. */
export function step(layout: MapLayout, from: Spot | undefined, key: string, byHost: boolean): Spot | undefined {
  const at = from ?? START;
  const perRow = cellsPerRow(layout, at);
  switch (key) {
    case "ArrowRight":
      return byHost ? toBlock(layout, at.block + 1, at) : along(layout, at, 1);
    case "ArrowLeft":
      return byHost ? toBlock(layout, at.block - 1, at) : along(layout, at, -1);
    case "ArrowDown":
      return byHost || !has(layout, at.block, at.cell + perRow) ? toBlock(layout, at.block + layout.columns, { ...at, cell: at.cell % perRow }) : { ...at, cell: at.cell + perRow };
    case "ArrowUp":
      return byHost || at.cell < perRow ? toBlock(layout, at.block - layout.columns, at) : { ...at, cell: at.cell - perRow };
    case "Home":
      return START;
    case "End":
      return toBlock(layout, layout.blocks.length - 1, at);
    default:
      return undefined;
  }
}

const TROUBLE: ReadonlySet<GpuState> = new Set(["failed", "quarantined", "degraded", "unavailable", "heldIdle"]);

/** The next in trouble behind this one, from the start again after the end; undefined: there is none. */
export function nextTrouble(layout: MapLayout, from: Spot | undefined, stateOf: (gpuId: string) => GpuState): Spot | undefined {
  const spots = layout.blocks.flatMap(({ group }, block) => group.gpus.map((gpu, cell) => ({ block, cell, id: gpu.id })));
  const at = from === undefined ? -1 : spots.findIndex(({ block, cell }) => block === from.block && cell === from.cell);
  const ordered = [...spots.slice(at + 1), ...spots.slice(0, at + 1)];
  const found = ordered.find(({ id }) => TROUBLE.has(stateOf(id)));
  return found === undefined ? undefined : { block: found.block, cell: found.cell };
}

function along(layout: MapLayout, at: Spot, by: 1 | -1): Spot {
  if (has(layout, at.block, at.cell + by)) return { ...at, cell: at.cell + by };
  const block = layout.blocks[at.block + by];
  if (block === undefined) return at;
  return { block: at.block + by, cell: by === 1 ? 0 : block.group.gpus.length - 1 };
}

function toBlock(layout: MapLayout, block: number, at: Spot): Spot {
  const target = layout.blocks[block];
  return target === undefined ? at : { block, cell: Math.min(at.cell, target.group.gpus.length - 1) };
}

function has({ blocks }: MapLayout, block: number, cell: number): boolean {
  return cell >= 0 && cell < (blocks[block]?.group.gpus.length ?? 0);
}

function cellsPerRow({ blocks, zoom }: MapLayout, { block }: Spot): number {
  return Math.round(((blocks[block]?.width ?? 0) + zoom.gap) / (zoom.cell + zoom.gap));
}
