// How components read the live stores.
import { useCallback, useSyncExternalStore } from "react";
import type { Cell } from "../live/cell";
import type { EntityMap, Versioned } from "../live/entityMap";

export function useCell<T>(cell: Cell<T>): T {
  return useSyncExternalStore(cell.subscribe, cell.get);
}

/** One entity: the component renders again when this one changes, and for no other. */
export function useEntity<T extends Versioned>(map: EntityMap<T>, id: string): T | undefined {
  const subscribe = useCallback((listener: () => void) => map.subscribe(id, listener), [map, id]);
  return useSyncExternalStore(subscribe, () => map.get(id));
}

/** A number that changes whenever any entity does: what a list computed from all of them depends on. */
export function useRevision<T extends Versioned>(map: EntityMap<T>): number {
  const subscribe = useCallback((listener: () => void) => map.subscribeList(listener), [map]);
  return useSyncExternalStore(subscribe, () => map.revision);
}
