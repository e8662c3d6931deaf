// The palette holds its contrast: every state on every surface at least 3 to 1, every text at least 4.5 to 1.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Theme = 0 | 1;

const css = readFileSync(new URL("tokens.css", import.meta.url), "utf8");

function colour(name: string, theme: Theme): string {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const value = found?.[theme + 1];
  if (value === undefined) throw new Error(`no colour --${name} in tokens.css`);
  return value;
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(hex.slice(start, start + 2), 16) / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string, theme: Theme): number {
  const [bright, dark] = [luminance(colour(a, theme)), luminance(colour(b, theme))].sort((x, y) => y - x) as [number, number];
  return (bright + 0.05) / (dark + 0.05);
}

const SURFACES = ["card", "page", "raised"];
const STATES = ["run", "wait", "good", "bad", "move", "idle", "edge", "focus"];
const ORGANIZATIONS = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `organization-${number}`);
const THEMES: readonly [string, Theme][] = [["light", 0], ["dark", 1]];

describe.each(THEMES)("the %s palette", (_name, theme) => {
  test.each([...STATES, ...ORGANIZATIONS])("shows %s on every surface", (state) => {
    for (const surface of SURFACES) expect(contrast(state, surface, theme)).toBeGreaterThanOrEqual(3);
  });

  test.each(["text", "muted"])("keeps %s legible on every surface", (text) => {
    for (const surface of SURFACES) expect(contrast(text, surface, theme)).toBeGreaterThanOrEqual(4.5);
  });

  test("keeps the main button's words legible", () => {
    expect(contrast("on-focus", "focus", theme)).toBeGreaterThanOrEqual(4.5);
  });
});
