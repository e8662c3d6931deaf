// Which GPUs a request could use, by the server's rules: a type matches when all its words are words of the GPU's type,
// whatever the case, so that A10 is no A100; memory is compared in decimal gigabytes. Only a hint: the server decides.
import type { Gpu } from "../live/fleetStore";

export interface GpuWish {
  readonly gpuTypes: readonly string[];
  readonly minMemoryGb: number | null;
}

export interface MatchCount {
  readonly matching: number;
  readonly free: number;
}

const BYTES_PER_MIB = 1_048_576;
const BYTES_PER_GB = 1_000_000_000;

export function matches(gpu: Pick<Gpu, "gpuType" | "memoryMib">, wish: GpuWish): boolean {
  const type = words(gpu.gpuType);
  const typeFits = wish.gpuTypes.length === 0 || wish.gpuTypes.some((wanted) => words(wanted).every((word) => type.includes(word)));
  return typeFits && (wish.minMemoryGb === null || gpu.memoryMib * BYTES_PER_MIB >= wish.minMemoryGb * BYTES_PER_GB);
}

export function countMatches(gpus: readonly Gpu[], wish: GpuWish): MatchCount {
  const matching = gpus.filter((gpu) => matches(gpu, wish));
  return { matching: matching.length, free: matching.filter((gpu) => gpu.status === "AVAILABLE").length };
}

function words(text: string): string[] {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}
