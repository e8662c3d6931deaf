// Where a list was left, with its filters: the way back from one of its rows leads there.

const left = new Map<string, string>();

/** "/jobs" with what stood behind the question mark. */
export function rememberList(path: string, search: string): void {
  left.set(path, search === "" ? path : `${path}?${search}`);
}

export function listAddress(path: string): string {
  return left.get(path) ?? path;
}
