// Signing in with an identity provider that is not ours.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { FleetServer } from "../../harness/server.ts";
import { CLIENT_ID, IdentityProvider } from "../harness/identityProvider.ts";
import { expect, test as base } from "../harness/test.ts";

interface World {
  readonly provider: IdentityProvider;
  /** How long people stay signed in. */
  readonly session: string;
}

const test = base.extend<World>({
  session: ["1h", { option: true }],
  provider: async ({}, use) => {
    const provider = await IdentityProvider.start();
    await use(provider);
    await provider.stop();
  },
  page: async ({ page }, use) => {
    // The provider's pages would have a font from elsewhere.
    await page.route("https://fonts.googleapis.com/**", (route) => route.abort());
    await use(page);
  },
  server: async ({ provider, session }, use) => {
    const options = ["--oidc-issuer", provider.issuer, "--oidc-client-id", CLIENT_ID, "--oidc-name", "Example SSO", "--oidc-session", session];
    const server = await FleetServer.start("simulated:2xH100-80GB", options);
    await use(server);
    await server.remove();
  },
});

const button = (page: Page) => page.getByRole("button", { name: "Sign in with Example SSO" });
const token = (page: Page) => page.evaluate(() => sessionStorage.getItem("gpu-fleet.token"));

/** On the provider's own pages. */
async function signInThere(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await agree(page);
}

/** The provider asks each time, since anything on this machine could be its client. */
async function agree(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Continue" }).click();
}

test("one signs in with the provider, returns to where one was, and the token is in no address", async ({ page, server, provider, context }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  await page.goto(`${server.origin}/jobs?status=FAILED`);
  await button(page).click();
  await expect(page).toHaveURL((url) => url.origin === provider.issuer);
  await signInThere(page, "ada");
  await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
  await expect(page.getByTitle("ada", { exact: true })).toHaveText("Default · member");
  expect(page.url()).toBe(`${server.origin}/jobs?status=FAILED`);

  const signedIn = await token(page);
  expect(signedIn).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(asked.some((url) => url.startsWith(`${server.origin}/sign-in/callback?`))).toBe(true);
  const elsewhere = [...asked, ...(await context.cookies()).map(({ value }) => value), await page.evaluate(() => JSON.stringify(localStorage))];
  expect(elsewhere.filter((text) => text.includes(signedIn ?? ""))).toEqual([]);
  expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual(["gpu-fleet.token"]);

  // Out is out of this page alone: the provider still knows who it is.
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("Signing out here leaves you signed in at Example SSO.")).toBeVisible();
  await button(page).click();
  await agree(page);
  await expect(page.getByTitle("ada", { exact: true })).toBeVisible();
  expect(await token(page)).not.toBe(signedIn);
});

test.describe("a session that ends", () => {
  test.use({ session: "15s" });

  test("is begun again where one was", async ({ page, server }) => {
    await page.goto(`${server.origin}/queue`);
    await button(page).click();
    await signInThere(page, "ada");
    await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
    await expect(page.getByRole("alert")).toContainText("no longer accepted", { timeout: 40_000 });
    await button(page).click();
    await agree(page);
    await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
    expect(page.url()).toBe(`${server.origin}/queue`);
  });
});

test("whoever has no place here, or changes their mind, is told so and can try again", async ({ page, server }) => {
  await page.goto(`${server.origin}/usage`);
  await button(page).click();
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByRole("alert")).toContainText("Example SSO has not signed you in. It says access_denied");
  expect(page.url()).toBe(`${server.origin}/usage`);
  await button(page).click();
  await signInThere(page, "eve");
  await expect(page.getByRole("alert")).toContainText('your organization "nowhere" does not exist here. Ask an operator to make it');
  expect(page.url()).toBe(`${server.origin}/usage`);
  await page.getByLabel("Token or sign-in link").fill(server.token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
});

test("a link with a code that nobody here asked for does nothing", async ({ page, server }) => {
  const exchanges: string[] = [];
  page.on("request", (request) => request.method() === "POST" && exchanges.push(request.url()));
  await page.goto(`${server.origin}/sign-in/callback?code=stolen&state=made-up&error_description=Call+0190`);
  await expect(page.getByRole("alert")).toContainText("not begun in this tab");
  await expect(page.getByText("0190")).toHaveCount(0);
  expect(page.url()).toBe(`${server.origin}/`);
  expect([await token(page), exchanges]).toEqual([null, []]);
});

test("a page that came unencrypted from elsewhere says why it cannot", async ({ page, server }) => {
  await page.addInitScript(() => Object.defineProperty(window, "isSecureContext", { value: false }));
  await page.goto(server.origin);
  await expect(button(page)).toBeDisabled();
  await expect(button(page)).toHaveAccessibleDescription(/It needs https:\/\/ here/);
});

for (const theme of ["light", "dark"] as const) {
  test(`the sign-in page is accessible in the ${theme} theme`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(`${server.origin}/sign-in/callback?code=c`);
    await expect(button(page)).toBeVisible();
    await expect(page.getByRole("alert")).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}
