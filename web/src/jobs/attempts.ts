// A job's attempts, from what each was given and from how each ended.
import type { Detail } from "./useJobDetail";

type Allocation = Detail["allocations"][number];
type Event = Detail["events"]["nodes"][number];

export interface Attempt {
  readonly number: number;
  readonly from: number;
  /** Undefined while it holds its GPUs. */
  readonly until: number | undefined;
  /** host:index for each GPU, one host's together. */
  readonly gpus: readonly { readonly id: string; readonly name: string }[];
  /** The last that was told of it. */
  readonly lastWord: string | undefined;
}

/** Newest first. An attempt that never got GPUs is none: the job only waited. */
export function attemptsOf(allocations: readonly Allocation[], events: readonly Event[]): Attempt[] {
  const numbers = [...new Set(allocations.map(({ attempt }) => attempt))].sort((a, b) => b - a);
  return numbers.map((number) => {
    const given = allocations.filter(({ attempt }) => attempt === number);
    const ends = given.map(({ releasedAt }) => (releasedAt === null ? undefined : Date.parse(releasedAt)));
    return {
      number,
      from: Math.min(...given.map(({ allocatedAt }) => Date.parse(allocatedAt))),
      until: ends.includes(undefined) ? undefined : Math.max(...ends.map((end) => end ?? 0)),
      gpus: given.map(({ gpu }) => ({ id: gpu.id, name: `${gpu.host.name}:${gpu.index}` })),
      lastWord: events.filter((event) => event.attempt === number && event.message !== null).at(-1)?.message ?? undefined,
    };
  });
}
