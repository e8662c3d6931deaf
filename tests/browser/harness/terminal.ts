// A terminal with a shell in it, as a person has. It is tmux's, with a socket of its own.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { BINARY } from "../../harness/server.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const run = promisify(execFile);
const KEY_MS = 45;

export class Terminal {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Its shell finds `gpu-fleet`, stands in a folder of its own and hears of no settings but these. */
  static async open(size: Size, settings: Readonly<Record<string, string>> = {}): Promise<Terminal> {
    const terminal = new Terminal(await mkdtemp(join(tmpdir(), "gpu-fleet-terminal-")));
    const folder = terminal.#folder;
    const all = { TERM: "tmux-256color", PATH: `${dirname(BINARY)}:${process.env["PATH"] ?? ""}`, HOME: folder, LANG: "C.UTF-8", PS1: "$ ", ...settings };
    const shell = ["env", "-i", ...Object.entries(all).map(([name, value]) => `${name}=${value}`), "sh"];
    const { columns, rows } = size;
    await terminal.#tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, "-c", folder, ...shell);
    // Its own status line would take one of the screen's.
    await terminal.#tmux("set", "status", "off");
    await terminal.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
    return terminal;
  }

  /** Key by key, and Enter. */
  async type(line: string): Promise<void> {
    for (const key of line) {
      await this.#tmux("send-keys", "-l", key);
      await new Promise((resolve) => setTimeout(resolve, KEY_MS));
    }
    await this.press("Enter");
  }

  /** By tmux's name for the key. */
  async press(key: string): Promise<void> {
    await this.#tmux("send-keys", key);
  }

  /** All lines since it was opened, with their colours; what was wrapped is one line. */
  async lines(): Promise<string> {
    return (await this.#tmux("capture-pane", "-e", "-J", "-p", "-S", "-")).trimEnd();
  }

  /** What stands on the screen, with its colours. */
  async screen(): Promise<string> {
    return (await this.#tmux("capture-pane", "-e", "-N", "-p")).trimEnd();
  }

  async close(): Promise<void> {
    await this.#tmux("kill-server");
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async #tmux(...words: readonly string[]): Promise<string> {
    const { TMUX: _outer, ...env } = process.env;
    const { stdout } = await run("tmux", ["-S", join(this.#folder, "tmux"), ...words], { env });
    return stdout;
  }
}
