// Views of jobs that somebody gave a name: what stands in the URL behind the question mark, kept in this browser alone. A
// view is shared by its link, and holds no token.
import { Cell } from "../live/cell";

export interface SavedView {
  readonly name: string;
  /** As `writeView` writes it. */
  readonly search: string;
}

const STORAGE_KEY = "gpu-fleet.job-views";
export const MOST_VIEWS = 50;
export const NAME_CHARS = 60;

export class SavedViews {
  readonly all: Cell<readonly SavedView[]>;
  readonly #storage: Pick<Storage, "getItem" | "setItem"> | undefined;

  constructor(storage: Pick<Storage, "getItem" | "setItem"> | undefined) {
    this.#storage = storage;
    this.all = new Cell(this.#remembered());
  }

  /** The same name again is the same view, changed. */
  save(view: SavedView): void {
    const others = this.all.get().filter(({ name }) => name !== view.name);
    this.#keep([...others, view].sort((a, b) => a.name.localeCompare(b.name)).slice(0, MOST_VIEWS));
  }

  remove(name: string): void {
    this.#keep(this.all.get().filter((view) => view.name !== name));
  }

  #keep(views: readonly SavedView[]): void {
    try {
      this.#storage?.setItem(STORAGE_KEY, JSON.stringify(views));
    } catch {
      // Without storage a view lasts as long as the page.
    }
    this.all.set(views);
  }

  #remembered(): readonly SavedView[] {
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(STORAGE_KEY) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isView).slice(0, MOST_VIEWS) : [];
    } catch {
      return [];
    }
  }
}

function isView(value: unknown): value is SavedView {
  return typeof value === "object" && value !== null && "name" in value && "search" in value && typeof value.name === "string" && typeof value.search === "string";
}

export const savedViews = new SavedViews(localStorageOrNone());

/** Where a browser is told to keep nothing, even asking for its storage fails. */
function localStorageOrNone(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
