// A few words about what a key has just done, shown and spoken for a moment.
import { Cell } from "../live/cell";

export interface Announcement {
  readonly text: string;
}

export const announcement = new Cell<Announcement | undefined>(undefined);

/** The same words again are said again. */
export function announce(text: string): void {
  announcement.set({ text });
}
