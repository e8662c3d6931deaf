/** Ids are opaque and may hold any character. */
export function gpuPath(id: string): string {
  return `/fleet/gpus/${encodeURIComponent(id)}`;
}

export function hostPath(id: string): string {
  return `/fleet/hosts/${encodeURIComponent(id)}`;
}
