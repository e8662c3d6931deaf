// What each test starts with: a server of its own, the API beside it, and a page that is signed in when asked.
import { expect, type Page, test as base } from "@playwright/test";
import { Api } from "./api.ts";
import { FleetServer } from "../../harness/server.ts";

interface World {
  readonly server: FleetServer;
  readonly api: Api;
  /** The page, signed in by the link. */
  readonly dashboard: Page;
}

export const test = base.extend<World>({
  server: async ({}, use) => {
    const server = await FleetServer.start();
    await use(server);
    await server.remove();
  },
  api: async ({ server }, use) => use(new Api(server)),
  dashboard: async ({ page, server }, use) => {
    await signIn(page, server);
    await use(page);
  },
});

export { expect };

export async function signIn(page: Page, server: FleetServer, path = "/", token = server.token): Promise<void> {
  await page.goto(`${server.origin}${path}#token=${token}`);
  await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
}

export async function openPage(page: Page, name: "Fleet" | "Jobs" | "Queue" | "Usage" | "Submit" | "Admin"): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();
}

/** Marks the document; the mark is gone after a reload. */
export async function markDocument(page: Page): Promise<void> {
  await page.evaluate(() => document.documentElement.setAttribute("data-marked", ""));
}

export async function expectSameDocument(page: Page): Promise<void> {
  await expect(page.locator("html[data-marked]"), "the page was not loaded again").toHaveCount(1);
}
