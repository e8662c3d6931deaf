import { expect, openPage, signIn, test } from "../harness/test.ts";
import { watchPage } from "../harness/watch.ts";

test("the sign-in link shows the simulated GPUs and leaves no token in the address bar", async ({ page, server }) => {
  const watch = watchPage(page, server.origin);
  await signIn(page, server);
  expect(page.url()).toBe(`${server.origin}/fleet`);

  const cells = page.getByRole("list", { name: "GPUs of gpu-a01" }).getByRole("button");
  await expect(cells).toHaveCount(4);
  for (const cell of await cells.all()) {
    await expect(cell).toHaveAccessibleName(/H100.*simulated/);
    await expect(cell.getByText("sim", { exact: true })).toBeVisible();
  }
  await expect(page.getByRole("note")).toContainText("Simulated GPUs");

  await openPage(page, "Jobs");
  await expect(page.getByText("No jobs yet").first()).toBeVisible();
  await openPage(page, "Submit");
  await expect(page.getByLabel("Matching GPUs")).toContainText("4 of 4 GPUs match, 4 free now.");
  expect(watch).toEqual({ foreign: [], errors: [] });
});

test("a token that is not one is refused, and the page asks for another", async ({ page, server }) => {
  await page.goto(`${server.origin}/#token=not-a-token`);
  await expect(page.getByRole("alert")).toContainText("no longer accepted");
  await page.getByLabel("Token or sign-in link").fill(server.signInLink.href);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("list", { name: "GPUs of gpu-a01" })).toBeVisible();
});
