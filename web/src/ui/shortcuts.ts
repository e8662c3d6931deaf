// Keys for those who do not want the mouse: single letters, and g followed by one. None changes anything but what is shown
// or selected. They are dead in fields, with a modifier, while a dialog is open, and when the user has switched them off.
import { useEffect, useRef } from "react";
import { Cell } from "../live/cell";

export type Shortcuts = Readonly<Record<string, () => void>>;

const STORAGE_KEY = "gpu-fleet.shortcuts";
const SEQUENCE_WITHIN_MS = 1000;

/** WCAG 2.1.4: shortcuts of one character can be switched off. */
export const shortcutsOn = new Cell(remembered());

export function switchShortcuts(on: boolean): void {
  try {
    if (on) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, "off");
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  shortcutsOn.set(on);
}

/** "j", "/", or "g f" for one after the other. The newest of two that want the same key has it. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => listen((key) => current.current[key]), []);
}

type Lookup = (key: string) => (() => void) | undefined;

const lookups: Lookup[] = [];
let began: { readonly key: string; readonly at: number } | undefined;

function listen(lookup: Lookup): () => void {
  lookups.unshift(lookup);
  if (lookups.length === 1) window.addEventListener("keydown", onKey);
  return () => {
    lookups.splice(lookups.indexOf(lookup), 1);
    if (lookups.length === 0) window.removeEventListener("keydown", onKey);
  };
}

function onKey(event: KeyboardEvent): void {
  if (!shortcutsOn.get() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
  const prefix = began !== undefined && event.timeStamp - began.at < SEQUENCE_WITHIN_MS ? `${began.key} ` : "";
  began = undefined;
  const run = find(prefix + event.key);
  if (run !== undefined) {
    event.preventDefault();
    run();
  } else if (prefix === "" && event.key === "g") {
    began = { key: "g", at: event.timeStamp };
  }
}

function find(key: string): (() => void) | undefined {
  for (const lookup of lookups) {
    const found = lookup(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TEXT_INPUTS = "input:not([type=checkbox],[type=radio],[type=button]),textarea,select,[contenteditable]";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && (target.closest(TEXT_INPUTS) !== null || document.querySelector("dialog[open]") !== null);
}

function remembered(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== "off";
  } catch {
    return true;
  }
}
