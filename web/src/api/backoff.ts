// How long to wait before connecting again: doubling from half a second to fifteen, with jitter, so that a restarted
// server is not met by every dashboard in the same instant.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(ceiling * (0.5 + random() / 2));
}
