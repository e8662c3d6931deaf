/** Ids are opaque and may hold any character. */
export function jobPath(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`;
}
