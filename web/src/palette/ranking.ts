// Which entries answer what is typed, the best first. Every word must be found in an entry's name, or among the other words
// that it is known by.

export interface Entry {
  /** Unique among all entries. */
  readonly id: string;
  readonly group: Group;
  readonly name: string;
  /** Said beside the name. */
  readonly hint?: string;
  /** Found by these, too: ids, types, what the same is called elsewhere. */
  readonly words?: string;
  readonly run: () => void;
}

/** In the order in which they are shown. */
export const GROUPS = ["Pages", "Actions", "Saved views", "Jobs", "Hosts", "GPUs"] as const;
export type Group = (typeof GROUPS)[number];

export const MOST_OF_GROUP = 6;

export function answers(entries: Iterable<Entry>, text: string): Entry[] {
  const words = wordsOf(text);
  const best = new Map<Group, { readonly entry: Entry; readonly rank: number }[]>();
  for (const entry of entries) {
    const rank = rankOf(entry, words);
    if (rank === undefined) continue;
    const group = best.get(entry.group) ?? [];
    group.push({ entry, rank });
    best.set(entry.group, group);
  }
  return GROUPS.flatMap((group) => {
    const found = best.get(group) ?? [];
    return found.sort((a, b) => a.rank - b.rank).slice(0, MOST_OF_GROUP).map(({ entry }) => entry);
  });
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

/** Smaller is better: the name itself, a name that begins so, a word that does, somewhere in the name, elsewhere. Undefined: not at all. */
function rankOf({ name, hint = "", words = "" }: Entry, wanted: readonly string[]): number | undefined {
  const plain = name.toLowerCase();
  const others = `${hint} ${words}`.toLowerCase();
  const parts = plain.split(/[^\p{L}\p{N}]+/u);
  let rank = 0;
  for (const word of wanted) {
    if (plain === word) continue;
    if (plain.startsWith(word)) rank += 1;
    else if (parts.some((part) => part.startsWith(word))) rank += 2;
    else if (plain.includes(word)) rank += 3;
    else if (others.includes(word)) rank += 4;
    else return undefined;
  }
  return rank;
}

/** So many steps from this place, from the end to the start again. */
export function stepped(at: number, step: number, count: number): number {
  return count === 0 ? 0 : (at + step + count) % count;
}
