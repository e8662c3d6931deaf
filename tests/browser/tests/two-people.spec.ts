import type { Page } from "@playwright/test";
import { expect, signIn, test } from "../harness/test.ts";

test("two people change one job: the second is told what is different, and decides", async ({ browser, server, api }) => {
  const id = await api.submit({ name: "contested", gpus: 1, line: "true", hold: true });
  const [ada, bob] = await Promise.all([0, 1].map(async () => (await browser.newContext()).newPage()));
  if (ada === undefined || bob === undefined) throw new Error("there are two people");
  for (const page of [ada, bob]) await signIn(page, server, `/jobs/${id}`);

  await startChange(ada, "5");
  await startChange(bob, "7");
  await bob.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await expect(bob.getByRole("dialog")).toBeHidden();
  await expect(priority(bob)).toHaveText("7");
  // Who only looks sees it as well.
  await expect(priority(ada)).toHaveText("7");

  await ada.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  const notice = ada.getByRole("alert").filter({ hasText: "Someone else changed this job first." });
  await expect(notice.getByRole("row").filter({ hasText: "Priority" })).toHaveText(/Priority\s*0\s*7/);
  await ada.getByRole("button", { name: "Save over it" }).click();
  await expect(ada.getByRole("dialog")).toBeHidden();
  await expect(priority(bob)).toHaveText("5");
});

async function startChange(page: Page, value: string): Promise<void> {
  await page.getByRole("button", { name: "Change priority" }).click();
  await page.getByRole("dialog").getByLabel("Priority").fill(value);
}

function priority(page: Page) {
  return page.locator("dl > div").filter({ has: page.locator("dt", { hasText: /^Priority$/ }) }).locator("dd");
}
