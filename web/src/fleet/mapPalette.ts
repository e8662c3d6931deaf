// The map's colours, read from the style sheet: a canvas knows no custom properties.
import type { Palette } from "./mapPainter";

export const ORGANIZATION_HUES = 8;

export function readPalette(element: HTMLElement): Palette {
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const palette: Palette = {
    card: colour("card"),
    well: colour("well"),
    run: colour("run"),
    wait: colour("wait"),
    bad: colour("bad"),
    idle: colour("idle"),
    focus: colour("focus"),
    text: colour("text"),
    muted: colour("muted"),
    organizations: Array.from({ length: ORGANIZATION_HUES }, (_, index) => colour(`organization-${index + 1}`)),
  };
  probe.remove();
  return palette;
}
