import AxeBuilder from "@axe-core/playwright";
import { expect, openPage, test } from "../harness/test.ts";

test("Ctrl K goes to a job, a host, a GPU and a page, and does what costs nothing", async ({ dashboard: page, api }) => {
  const id = await api.submit({ name: "llama-sft", gpus: 1, line: "true", hold: true });
  const field = page.getByRole("combobox", { name: /Search for jobs/ });
  const results = page.getByRole("listbox", { name: "Results" });

  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  await expect(results.getByRole("option", { name: /Jobs/ }).first()).toBeVisible();
  await field.fill("llama");
  await expect(results.getByRole("option", { name: /llama-sft/ })).toHaveAttribute("aria-selected", "true");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((violation) => violation.id)).toEqual([]);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "llama-sft" })).toBeVisible();

  // Every field of the page lets it open, and it gives the focus back.
  await page.getByRole("searchbox", { name: "Search the log" }).focus();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("searchbox", { name: "Search the log" })).toBeFocused();

  await page.keyboard.press("Control+k");
  await field.fill("gpu-a01:3");
  await expect(results.getByRole("option", { name: /gpu-a01:3/ })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/fleet\/gpus\/gpu_/);

  await page.keyboard.press("Control+k");
  await field.fill(id);
  await expect(results.getByRole("option")).toHaveText([/llama-sft/]);
  await field.fill("dark theme");
  await expect(results.getByRole("option")).toHaveText(["Use the dark theme"]);
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");

  await page.getByRole("button", { name: "Search everywhere" }).click();
  await field.fill("nothing-has-this-name");
  await expect(page.getByText("Nothing is called so.")).toBeVisible();
  await field.fill("");
  // The arrows go round, and the one at which one is can be told by its id.
  await page.keyboard.press("ArrowUp");
  const last = results.getByRole("option").last();
  await expect(last).toHaveAttribute("aria-selected", "true");
  await expect(field).toHaveAttribute("aria-activedescendant", (await last.getAttribute("id")) ?? "");
  await field.fill("queue");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Queue" })).toBeVisible();
});

test("live updates are paused by a key, and what came meanwhile is there when they go on", async ({ dashboard: page, api }) => {
  await openPage(page, "Jobs");
  await expect(page.getByText("No jobs yet")).toBeVisible();
  await page.keyboard.press(".");
  await expect(page.getByRole("status").filter({ hasText: "Paused" })).toBeVisible();
  await api.reaches(await api.submit({ name: "meanwhile", gpus: 1, line: "true" }), "SUCCEEDED");
  await expect(page.getByRole("link", { name: "meanwhile" })).toBeHidden();
  await page.getByRole("button", { name: "Resume live updates" }).click();
  await expect(page.getByRole("link", { name: "meanwhile" })).toBeVisible();
});

test("keys lead to the log, to why a job waits, through the panels, and back to the list as it was left", async ({ dashboard: page, context, api }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await api.submit({ name: "held", gpus: 1, line: "true", hold: true });
  await openPage(page, "Jobs");
  await page.getByRole("group", { name: "Show only jobs that are" }).getByRole("button", { name: /Held/ }).click();
  // A key that is pressed while the list is still on its way finds no row.
  await expect(async () => {
    await page.keyboard.press("j");
    await expect(page.getByRole("link", { name: "held" })).toBeFocused({ timeout: 1_000 });
  }).toPass();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "held" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Blockers" })).toBeVisible();

  await page.keyboard.press("l");
  await expect(page.getByRole("log", { name: "Job log" })).toBeFocused();
  await page.keyboard.press("w");
  await expect(page.getByRole("region", { name: "Why it waits" })).toBeFocused();
  await page.keyboard.press("]");
  await expect(page.getByRole("region", { name: "Timeline" })).toBeFocused();
  await page.keyboard.press("[");
  await expect(page.getByRole("region", { name: "Why it waits" })).toBeFocused();
  await page.keyboard.press("c");
  await expect(page.getByRole("status", { name: "What a key did" })).toHaveText("The job's id is copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/jobs\?state=HELD$/);

  await openPage(page, "Admin");
  await expect(page.getByRole("heading", { name: "Organizations" })).toBeVisible();
  await page.keyboard.press("]");
  await expect(page).toHaveURL(/\/admin\/keys$/);
});
