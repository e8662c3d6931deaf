// Who is signed in: one token, from the link's fragment, from the sign-in page, or for an identity provider's word. It lives in
// this tab's session storage and nowhere else, and leaves the address bar at once.
import { Cell } from "../live/cell";

const STORAGE_KEY = "gpu-fleet.token";

export interface SessionState {
  readonly token: string | undefined;
  /** The last token stopped being accepted, and the page was open: the user is asked for another one. */
  readonly refused: boolean;
}

/** The part of a window that a session needs. */
export interface Place {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  readonly sessionStorage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

export class Session {
  readonly state: Cell<SessionState>;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    this.state = new Cell({ token: place.sessionStorage.getItem(STORAGE_KEY) ?? undefined, refused: false });
    this.takeFromLink();
  }

  /** Also called when the fragment changes, because opening a second link in the same tab loads no new page. */
  takeFromLink = (): void => {
    const { location, history } = this.#place;
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (token === null) return;
    history.replaceState(null, "", location.pathname + location.search);
    this.signIn(token);
  };

  signIn(token: string): void {
    const plain = plainToken(token);
    if (plain === "") return;
    this.#place.sessionStorage.setItem(STORAGE_KEY, plain);
    this.state.set({ token: plain, refused: false });
  }

  signOut = (): void => {
    this.#place.sessionStorage.removeItem(STORAGE_KEY);
    this.state.set({ token: undefined, refused: false });
  };

  refuse = (): void => {
    this.#place.sessionStorage.removeItem(STORAGE_KEY);
    this.state.set({ token: undefined, refused: true });
  };
}

/** A whole sign-in link may be pasted where a token is asked for. */
export function plainToken(pasted: string): string {
  const trimmed = pasted.trim();
  const fragment = trimmed.indexOf("#token=");
  return fragment === -1 ? trimmed : trimmed.slice(fragment + "#token=".length);
}
