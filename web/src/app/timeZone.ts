// Whether times are told as they are here or in UTC. Chosen once for all of the dashboard, and kept in this browser.
import { useSyncExternalStore } from "react";
import { Cell } from "../live/cell";

export type TimeZone = "local" | "utc";

const STORAGE_KEY = "gpu-fleet.time-zone";

const chosen = new Cell<TimeZone>(remembered());

export function timeZone(): TimeZone {
  return chosen.get();
}

export function useTimeZone(): TimeZone {
  return useSyncExternalStore(chosen.subscribe, chosen.get);
}

export function chooseTimeZone(zone: TimeZone): void {
  try {
    localStorage.setItem(STORAGE_KEY, zone);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  chosen.set(zone);
}

function remembered(): TimeZone {
  try {
    return localStorage.getItem(STORAGE_KEY) === "utc" ? "utc" : "local";
  } catch {
    return "local";
  }
}
