// A film of a terminal and of a page, both as they were at each moment: recorded on one clock, drawn afterwards, and joined to an
// animated picture. Nothing is shown that was not there; of a sign-in link the token is cut.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page } from "@playwright/test";
import sharp from "sharp";
import type { Size, Terminal } from "../harness/terminal.ts";

/** What was seen from this moment on. */
interface Moment {
  readonly at: number;
  readonly lines: string;
  readonly page: Buffer;
}

/** A picture, and for how long it is seen. */
export interface Frame {
  readonly picture: Buffer;
  readonly milliseconds: number;
}

const TICK_MS = 200;
const LAST_MS = 4000;
/** So that it is sharp on screens with small pixels. */
export const SCALE = 1.5;
export const WIDTH = 1000;
const TOKEN = /(#token=)[\w.-]+/g;

export class Recorder {
  readonly #moments: Moment[] = [];
  readonly #terminal: Terminal;
  readonly #running: Promise<void>;
  readonly #page: Page;
  #stopped = false;

  constructor(terminal: Terminal, page: Page) {
    this.#terminal = terminal;
    this.#page = page;
    this.#running = this.#record();
  }

  async stop(): Promise<readonly Moment[]> {
    this.#stopped = true;
    await this.#running;
    return this.#moments;
  }

  async #record(): Promise<void> {
    while (!this.#stopped) {
      const at = performance.now();
      const [lines, page] = await Promise.all([this.#terminal.lines(), this.#page.screenshot()]);
      this.#moments.push({ at, lines: lines.replace(TOKEN, "$1…"), page });
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, at + TICK_MS - performance.now())));
    }
  }
}

/** Draws what is on a terminal, and below it a page. */
export class Stage {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** The page is so high, in its own pixels; 0: there is none. */
  static async set(browser: Browser, { columns, rows }: Size, pageHeight: number): Promise<Stage> {
    const page = await (await browser.newContext({ viewport: { width: WIDTH, height: 600 }, deviceScaleFactor: SCALE })).newPage();
    const xterm = createRequire(import.meta.url).resolve("@xterm/xterm");
    await page.setContent(
      `<main><div id="terminal"></div>${pageHeight > 0 ? `<img style="height: ${pageHeight}px">` : ""}</main>`,
    );
    await page.addStyleTag({ path: xterm.replace(/lib\/xterm\.js$/, "css/xterm.css") });
    await page.addStyleTag({ content: await readFile(new URL("stage.css", import.meta.url), "utf8") });
    await page.addScriptTag({ path: xterm });
    await page.evaluate(
      async ({ size, theme }) => {
        const { Terminal } = window as unknown as { Terminal: typeof import("@xterm/xterm").Terminal };
        // Cells of whole pixels, or bars would have seams.
        const terminal = new Terminal({ ...size, theme, scrollback: 0, fontSize: 14.4, lineHeight: 1.1, fontFamily: "DejaVu Sans Mono, monospace" });
        terminal.open(document.getElementById("terminal") as HTMLElement);
        Object.assign(window, { terminal });
      },
      { size: { cols: columns, rows }, theme: THEME },
    );
    return new Stage(page);
  }

  async draw(lines: string, page?: Buffer): Promise<Buffer> {
    await this.#page.evaluate(
      async ({ text, source }) => {
        const { terminal } = window as unknown as { terminal: import("@xterm/xterm").Terminal };
        terminal.reset();
        await new Promise<void>((written) => terminal.write(`\x1b[?25l${text}`, written));
        const image = document.querySelector("img");
        if (image !== null && source !== "") {
          image.src = source;
          await image.decode();
        }
        // The terminal draws with the next frame.
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      },
      { text: lines.replaceAll("\n", "\r\n"), source: page === undefined ? "" : `data:image/png;base64,${page.toString("base64")}` },
    );
    return this.#page.locator("main").screenshot();
  }

  /** One frame for each moment at which something was another than before. */
  async film(moments: readonly Moment[]): Promise<Frame[]> {
    const kept = moments.filter((moment, index) => index === 0 || !alike(moment, moments[index - 1]));
    const frames: Frame[] = [];
    for (const [index, { at, lines, page }] of kept.entries()) {
      const next = kept[index + 1]?.at;
      frames.push({ picture: await this.draw(lines, page), milliseconds: next === undefined ? LAST_MS : Math.round(next - at) });
    }
    return frames;
  }

  async close(): Promise<void> {
    await this.#page.context().close();
  }
}

export async function writeFilm(frames: readonly Frame[], path: string): Promise<void> {
  await sharp(frames.map(({ picture }) => picture), { join: { animated: true } })
    .webp({ delay: frames.map(({ milliseconds }) => milliseconds), loop: 0, quality: 75, nearLossless: true, effort: 4, minSize: true })
    .toFile(path);
}

function alike(one: Moment, other: Moment | undefined): boolean {
  if (other === undefined || one.lines !== other.lines) return false;
  return one.page.equals(other.page);
}

/** On the dashboard's dark ground. */
const THEME = {
  background: "#0e1116",
  foreground: "#dfe4ea",
  black: "#1b2028",
  red: "#ff6b5e",
  green: "#7fe0a8",
  yellow: "#e9b04e",
  blue: "#7ba7ff",
  magenta: "#d9a0ff",
  cyan: "#6fd3e3",
  white: "#dfe4ea",
  brightBlack: "#98a2b0",
};
