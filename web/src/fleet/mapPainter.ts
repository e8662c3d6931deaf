// Paints cells of the map. Every state differs in shape, not only in hue: filled from below, thick edge, thin edge, dashed,
// crossed. It knows nothing of where a cell comes from.
import type { Colouring } from "./fleetView";
import type { GpuState } from "./gpuState";

export interface Palette {
  readonly card: string;
  readonly well: string;
  readonly run: string;
  readonly wait: string;
  readonly bad: string;
  readonly idle: string;
  readonly focus: string;
  readonly text: string;
  readonly muted: string;
  /** Of organizations, in the order in which they are numbered. */
  readonly organizations: readonly string[];
}

export interface CellLook {
  readonly state: GpuState;
  /** From 0 to 1; undefined: not told. */
  readonly level: number | undefined;
  /** Number of the organization that holds it; undefined: nobody, or one that may not be known. */
  readonly organization: number | undefined;
  /** Does not pass the filter. */
  readonly faint: boolean;
  /** Belongs to the job under the pointer. */
  readonly marked: boolean;
}

/** Two looks with the same key are the same picture. */
export function lookKey({ state, level, organization, faint, marked }: CellLook, colouring: Colouring): string {
  const height = level === undefined ? "-" : Math.round(level * 20);
  return `${colouring} ${state} ${height} ${organization ?? "-"} ${faint ? "f" : ""}${marked ? "m" : ""}`;
}

export function paintCell(context: CanvasRenderingContext2D, x: number, y: number, side: number, look: CellLook, colouring: Colouring, palette: Palette): void {
  context.save();
  context.clearRect(x - 1.5, y - 1.5, side + 3, side + 3);
  context.beginPath();
  context.rect(x, y, side, side);
  context.clip();
  context.globalAlpha = look.faint ? 0.18 : 1;
  if (colouring === "state") paintState(context, x, y, side, look, palette);
  else if (colouring === "use") paintUse(context, x, y, side, look, palette);
  else paintOrganization(context, x, y, side, look, palette);
  context.restore();
  if (look.marked) edge(context, x - 1, y - 1, side + 2, palette.focus, 2);
}

function paintState(context: CanvasRenderingContext2D, x: number, y: number, side: number, { state, level }: CellLook, palette: Palette): void {
  switch (state) {
    case "working":
    case "allocated":
      fillFromBelow(context, x, y, side, level ?? 0, palette.run, palette.well);
      if (state === "allocated") edge(context, x, y, side, palette.run, 1);
      break;
    case "heldIdle":
      edge(context, x, y, side, palette.wait, side / 4);
      break;
    case "degraded":
      edge(context, x, y, side, palette.wait, 1);
      stroke(context, palette.wait, side / 8, [[x, y + side, x + side, y]]);
      break;
    case "failed":
    case "quarantined":
      context.fillStyle = palette.bad;
      context.fillRect(x, y, side, side);
      stroke(context, palette.card, side / 8, [[x + side * 0.25, y + side * 0.25, x + side * 0.75, y + side * 0.75], [x + side * 0.75, y + side * 0.25, x + side * 0.25, y + side * 0.75]]);
      break;
    case "unavailable":
      edge(context, x, y, side, palette.idle, 1, [2, 2]);
      break;
    case "free":
      edge(context, x, y, side, palette.idle, 1);
  }
}

function paintUse(context: CanvasRenderingContext2D, x: number, y: number, side: number, { level }: CellLook, palette: Palette): void {
  if (level === undefined) edge(context, x, y, side, palette.idle, 1, [2, 2]);
  else fillFromBelow(context, x, y, side, level, palette.run, palette.well);
}

function paintOrganization(context: CanvasRenderingContext2D, x: number, y: number, side: number, { organization, state }: CellLook, palette: Palette): void {
  const held = state === "working" || state === "allocated" || state === "heldIdle";
  const colour = organization === undefined ? undefined : palette.organizations[organization % palette.organizations.length];
  if (held && colour !== undefined) {
    context.fillStyle = colour;
    context.fillRect(x, y, side, side);
  } else if (held) {
    stroke(context, palette.idle, 1, [[x, y + side, x + side, y], [x, y + side / 2, x + side / 2, y], [x + side / 2, y + side, x + side, y + side / 2]]);
    edge(context, x, y, side, palette.idle, 1);
  } else {
    edge(context, x, y, side, palette.idle, 1, state === "free" ? [] : [2, 2]);
  }
}

function fillFromBelow(context: CanvasRenderingContext2D, x: number, y: number, side: number, level: number, colour: string, well: string): void {
  context.fillStyle = well;
  context.fillRect(x, y, side, side);
  const height = Math.max(1, Math.round(Math.min(1, Math.max(0, level)) * side));
  context.fillStyle = colour;
  context.fillRect(x, y + side - height, side, height);
}

function edge(context: CanvasRenderingContext2D, x: number, y: number, side: number, colour: string, width: number, dash: number[] = []): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.strokeRect(x + width / 2, y + width / 2, side - width, side - width);
  context.setLineDash([]);
}

type Line = readonly [x1: number, y1: number, x2: number, y2: number];

function stroke(context: CanvasRenderingContext2D, colour: string, width: number, lines: readonly Line[]): void {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, width);
  context.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.stroke();
}
