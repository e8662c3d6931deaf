// j and k go through the rows, x selects the one that has the focus, c copies its id.
import type { RefObject } from "react";
import { copyId } from "../app/usePageKeys";
import { useShortcuts } from "../ui/shortcuts";

export function useRowKeys(body: RefObject<HTMLElement | null>, scrollTo: (index: number) => void): void {
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    c: () => {
      const id = focused()?.dataset["id"];
      if (id !== undefined) void copyId("job", id);
    },
    x: () => focused()?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click(),
  });

  const focused = (): HTMLElement | null => {
    const row = document.activeElement?.closest<HTMLElement>("tr[data-index]") ?? null;
    return row !== null && body.current?.contains(row) === true ? row : null;
  };
  const move = (step: number): void => {
    const rows = [...(body.current?.querySelectorAll<HTMLElement>("tr[data-index]") ?? [])].filter((row) => row.querySelector("a") !== null);
    const now = focused();
    const next = now === null ? rows[0] : rows[rows.indexOf(now) + step];
    if (next === undefined) return;
    scrollTo(Number(next.dataset["index"]));
    next.querySelector("a")?.focus({ preventScroll: true });
  };
}
