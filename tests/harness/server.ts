// Runs the real binary: a server and an agent with simulated GPUs in one process, on data of its own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** The program that is run. */
export const BINARY = resolve(process.env["GPU_FLEET_BIN"] ?? join(import.meta.dirname, "../../target/debug/gpu-fleet"));
const SIGN_IN = "sign in: ";
const READY_WITHIN_MS = 30_000;

/** What the agent plays when a test does not say otherwise. */
const FOUR_GPUS = "simulated:4xH100-80GB";

export class FleetServer {
  /** The link that signs its operator in. */
  readonly signInLink: URL;
  readonly #folder: string;
  readonly #options: readonly string[];
  #process: ChildProcess;

  private constructor(folder: string, options: readonly string[], started: Started) {
    this.#folder = folder;
    this.#options = options;
    this.#process = started.process;
    this.signInLink = started.signInLink;
  }

  static async start(gpus: string = FOUR_GPUS, more: readonly string[] = []): Promise<FleetServer> {
    const folder = await mkdtemp(join(tmpdir(), "gpu-fleet-test-"));
    // Jobs may run as another user than this one: they are to find the files, and need not list them.
    await chmod(folder, 0o711);
    // Port 0: the system chooses a free one, and the link tells which.
    const options = ["--gpus", gpus, ...more];
    return new FleetServer(folder, options, await launch(folder, options, "127.0.0.1:0"));
  }

  get origin(): string {
    return this.signInLink.origin;
  }

  get token(): string {
    return new URLSearchParams(this.signInLink.hash.slice(1)).get("token") ?? "";
  }

  /** Another token of this server: of an operator, good for so long, as the command line writes times. */
  async shortToken(ttl: string): Promise<string> {
    const args = ["token", "--data-dir", dataDir(this.#folder), "--role", "operator", "--ttl", ttl];
    const { stdout } = await promisify(execFile)(BINARY, args, { cwd: this.#folder, env: plainEnvironment() });
    return stdout.trim();
  }

  /** Where a test may put files that a job reads. */
  get folder(): string {
    return this.#folder;
  }

  /** As a power cut would: nothing is said and nothing is finished. */
  async kill(): Promise<void> {
    await end(this.#process, "SIGKILL");
  }

  /** The same server again: same address, same data. */
  async restart(): Promise<void> {
    this.#process = (await launch(this.#folder, this.#options, this.signInLink.host)).process;
  }

  /** Ends it for good and removes its data. */
  async remove(): Promise<void> {
    await end(this.#process, "SIGKILL");
    // Jobs outlive the server, and one that is just ending may still write its last file.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

interface Started {
  readonly process: ChildProcess;
  readonly signInLink: URL;
}

function dataDir(folder: string): string {
  return join(folder, "data");
}

async function launch(folder: string, options: readonly string[], listen: string): Promise<Started> {
  const args = ["up", "--data-dir", dataDir(folder), "--listen", listen, ...options, "--name", "gpu-a01"];
  const child = spawn(BINARY, args, { cwd: folder, env: plainEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
  const complaints: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk.toString()));
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  const link = readLink(child, signal).catch((failure: unknown) => {
    child.kill("SIGKILL");
    throw new Error(`gpu-fleet printed no sign-in link:\n${complaints.join("")}`, { cause: failure });
  });
  return { process: child, signInLink: new URL(await link) };
}

async function readLink(child: ChildProcess, signal: AbortSignal): Promise<string> {
  if (child.stdout === null) throw new Error("the server's output is not read");
  const lines = createInterface({ input: child.stdout });
  return new Promise((found, failed) => {
    lines.on("line", (line) => line.startsWith(SIGN_IN) && found(line.slice(SIGN_IN.length).trim()));
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`it ended with code ${code}`)));
    signal.addEventListener("abort", () => failed(new Error(`not ready within ${READY_WITHIN_MS} ms`)));
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

/** Whatever the caller set for its own server must not reach this one. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GPU_FLEET_")));
}
