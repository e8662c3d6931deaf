// Where each GPU stands on the map. Hosts are blocks of cells, all of one width, so that what
// is under the pointer is found by arithmetic.
import type { HostGroup } from "./hostGroups";

export interface Zoom {
  /** Side of a cell, in CSS pixels. */
  readonly cell: number;
  readonly gap: number;
  /** Height of the host's name above its cells; 0: it is not drawn. */
  readonly name: number;
}

/** Names are drawn down to cells of 24 pixels; smaller ones are told by the card under the pointer. */
export const MIDDLE: Zoom = { cell: 24, gap: 3, name: 18 };
export const SMALL: Zoom = { cell: 10, gap: 2, name: 0 };
const MOST_MIDDLE = 512;

export function zoomFor(gpus: number): Zoom {
  return gpus <= MOST_MIDDLE ? MIDDLE : SMALL;
}

const PER_ROW = 8;
const FEW_HOSTS = 4;
const BETWEEN = 10;

export interface Block {
  readonly group: HostGroup;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface MapLayout {
  readonly zoom: Zoom;
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly Block[];
  readonly columns: number;
  /** Where each row of blocks begins. */
  readonly rowTops: readonly number[];
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export function layOut(groups: readonly HostGroup[], width: number, zoom: Zoom): MapLayout {
  const pitch = zoom.cell + zoom.gap;
  const widest = cellsSideBySide(groups, Math.floor((width + zoom.gap) / pitch));
  const blockWidth = widest * pitch - zoom.gap;
  const between = zoom.name === 0 ? BETWEEN - zoom.gap : BETWEEN + zoom.gap;
  const columns = Math.max(1, Math.floor((width + between) / (blockWidth + between)));
  const blocks: Block[] = [];
  const rowTops: number[] = [];
  let y = 0;
  for (let first = 0; first < groups.length; first += columns) {
    const row = groups.slice(first, first + columns);
    const lines = Math.max(...row.map(({ gpus }) => Math.ceil(gpus.length / widest)));
    const height = zoom.name + lines * pitch - zoom.gap;
    rowTops.push(y);
    row.forEach((group, column) => blocks.push({ group, x: column * (blockWidth + between), y, width: blockWidth, height }));
    y += height + (zoom.name === 0 ? zoom.gap * 2 : BETWEEN);
  }
  return { zoom, width, height: Math.max(0, y), blocks, columns, rowTops };
}

/** Few hosts of many GPUs are spread over the width; otherwise eight make a row, as in most machines. */
function cellsSideBySide(groups: readonly HostGroup[], room: number): number {
  const most = Math.max(1, ...groups.map(({ gpus }) => gpus.length));
  return Math.max(1, Math.min(most, room, groups.length <= FEW_HOSTS ? room : PER_ROW));
}

/** The upper left corner of a block's cell. */
export function cellPlace({ zoom }: MapLayout, block: Block, index: number): Place {
  const pitch = zoom.cell + zoom.gap;
  const perRow = Math.round((block.width + zoom.gap) / pitch);
  return { x: block.x + (index % perRow) * pitch, y: block.y + zoom.name + Math.floor(index / perRow) * pitch };
}

export interface Spot {
  readonly block: number;
  readonly cell: number;
}

/** The cell at a point; undefined between cells. */
export function spotAt(layout: MapLayout, { x, y }: Place): Spot | undefined {
  const { zoom, blocks, columns, rowTops } = layout;
  const first = blocks[0];
  if (first === undefined || x < 0 || y < 0) return undefined;
  const step = (blocks[1]?.y === first.y ? blocks[1].x : first.width + 1) - first.x;
  const row = lastAtMost(rowTops, y);
  const column = Math.floor(x / step);
  if (column >= columns) return undefined;
  const index = row * columns + column;
  const block = blocks[index];
  if (block === undefined) return undefined;
  const pitch = zoom.cell + zoom.gap;
  const [inX, inY] = [x - block.x, y - block.y - zoom.name];
  if (inX < 0 || inY < 0 || inX > block.width || inX % pitch > zoom.cell || inY % pitch > zoom.cell) return undefined;
  const perRow = Math.round((block.width + zoom.gap) / pitch);
  const cell = Math.floor(inY / pitch) * perRow + Math.floor(inX / pitch);
  return cell < block.group.gpus.length ? { block: index, cell } : undefined;
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? Infinity) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
