// Keys that mean the same on every page: [ and ] for tabs or panels, l for the log, w for why a job waits. And those of a page
// about one thing: c copies its id, Escape leads back to its list.
import { useLocation } from "wouter";
import { announce } from "../ui/announce";
import { writeClipboard } from "../ui/clipboard";
import { useShortcuts } from "../ui/shortcuts";
import { listAddress } from "./listAddress";

export function usePageKeys(): void {
  useShortcuts({
    "[": () => step(-1),
    "]": () => step(1),
    l: () => focusOn(document.querySelector("[role=log]")),
    w: () => focusOn(document.querySelector("[data-key=w]")),
  });
}

/** `what`: as it is announced, such as "job". */
export function useThingKeys(what: string, id: string, list: string): void {
  const [, go] = useLocation();
  useShortcuts({ c: () => void copyId(what, id), Escape: () => go(listAddress(list)) });
}

export async function copyId(what: string, id: string): Promise<void> {
  await writeClipboard(id).then(
    () => announce(`The ${what}'s id is copied`),
    () => announce("The browser does not let this page copy"),
  );
}

function step(by: 1 | -1): void {
  const tabs = [...document.querySelectorAll<HTMLElement>("[data-tabs] a")];
  if (tabs.length > 0) {
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-current") === "page");
    tabs[at + by]?.click();
    return;
  }
  const panels = [...document.querySelectorAll<HTMLElement>("main section[aria-labelledby]")];
  const here = panels.findIndex((panel) => panel.contains(document.activeElement));
  focusOn(panels[here === -1 && by === -1 ? panels.length - 1 : here + by] ?? null);
}

function focusOn(element: Element | null): void {
  if (!(element instanceof HTMLElement)) return;
  if (!element.hasAttribute("tabindex")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}
