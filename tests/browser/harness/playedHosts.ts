// Hosts that the test plays: they join, say that they live, and run nothing. For fleets larger than a machine can hold agents.
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { FleetServer } from "../../harness/server.ts";
import { Api } from "./api.ts";

const BINARY = resolve(process.env["GPU_FLEET_BIN"] ?? join(import.meta.dirname, "../../../target/debug/gpu-fleet"));
const GPUS_PER_HOST = 8;
/** As often as the server expects a sign of life. */
const BEAT_MS = 5000;
const AT_ONCE = 8;

interface PlayedHost {
  readonly number: number;
  readonly epoch: number;
  readonly api: Api;
}

export class PlayedHosts {
  readonly #hosts: readonly PlayedHost[];
  #stopped = false;
  #beating: Promise<void> = Promise.resolve();

  private constructor(hosts: readonly PlayedHost[]) {
    this.#hosts = hosts;
    this.#beating = this.#beat();
  }

  static async join(server: FleetServer, count: number): Promise<PlayedHosts> {
    const hosts: PlayedHost[] = [];
    for (let from = 0; from < count; from += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => from + index);
      hosts.push(...(await Promise.all(numbers.map((number) => joinOne(server, number)))));
    }
    return new PlayedHosts(hosts);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#beating;
  }

  async #beat(): Promise<void> {
    while (!this.#stopped) {
      const began = Date.now();
      for (const host of this.#hosts) {
        if (!this.#stopped) await heartbeat(host);
      }
      const rest = BEAT_MS - (Date.now() - began);
      if (rest > 0 && !this.#stopped) await new Promise((done) => setTimeout(done, rest));
    }
  }
}

async function joinOne(server: FleetServer, number: number): Promise<PlayedHost> {
  const args = ["token", "--data-dir", join(server.folder, "data"), "--role", "agent", "--ttl", "1h"];
  const { stdout } = await promisify(execFile)(BINARY, args, { cwd: server.folder });
  const { registerHost } = await new Api(server, stdout.trim()).ask<{ registerHost: { agentKey: string; epoch: number } }>(
    "mutation Join($input: RegisterHostInput!) { registerHost(input: $input) { agentKey epoch } }",
    {
      input: {
        name: `node-${number.toString().padStart(3, "0")}`,
        machineId: `played-${number}`,
        agentVersion: "played",
        cpus: 64,
        memoryMib: 1_000_000,
        gpus: gpus(number).map((uuid, index) => ({ uuid, index, gpuType: "NVIDIA H100-80GB", memoryMib: 81_920, simulated: true })),
      },
    },
  );
  return { number, epoch: registerHost.epoch, api: new Api(server, registerHost.agentKey) };
}

async function heartbeat({ number, epoch, api }: PlayedHost): Promise<void> {
  const samples = gpus(number).map((uuid, index) => ({ uuid, utilizationPercent: (number * 7 + index * 13) % 100, memoryUsedMib: 1024, temperatureCelsius: 50, use: "FREE" }));
  await api.ask("mutation Beat($input: HeartbeatInput!) { heartbeat(input: $input) { epoch } }", { input: { epoch, gpus: samples } });
}

function gpus(number: number): string[] {
  return Array.from({ length: GPUS_PER_HOST }, (_, index) => `GPU-played-${number}-${index}`);
}
