// What a page does behind its face: whom it asks, and what it complains of.
import type { Page } from "@playwright/test";

export interface Watch {
  /** Addresses outside the server's own. */
  readonly foreign: string[];
  /** Errors on the console, refused by the content security policy among them, and uncaught ones. */
  readonly errors: string[];
}

/** To be called before the page is opened. */
export function watchPage(page: Page, origin: string): Watch {
  const watch: Watch = { foreign: [], errors: [] };
  const { host } = new URL(origin);
  const note = (address: string): void => {
    if (new URL(address).host !== host) watch.foreign.push(address);
  };
  page.on("request", (request) => note(request.url()));
  page.on("websocket", (socket) => note(socket.url()));
  page.on("console", (message) => message.type() === "error" && watch.errors.push(message.text()));
  page.on("pageerror", (error) => watch.errors.push(error.message));
  return watch;
}
