import { Api } from "../harness/api.ts";
import { expect, openPage, signIn, test } from "../harness/test.ts";

const HELD = { gpus: 1, line: "true", hold: true } as const;

test("filters stand in the URL, survive a reload, and say when nothing passes them", async ({ dashboard: page, api }) => {
  await api.submit({ ...HELD, name: "llama-a", modelType: "llama", labels: [{ key: "team", value: "nlp" }] });
  await api.submit({ ...HELD, name: "bert-b", modelType: "bert" });
  await openPage(page, "Jobs");
  const row = (name: string) => page.getByRole("link", { name, exact: true });
  await expect(row("llama-a")).toBeVisible();

  await page.getByRole("searchbox", { name: "Search by name" }).fill("LLAMA");
  await expect(row("bert-b")).toBeHidden();
  await expect(row("llama-a")).toBeVisible();
  expect(new URL(page.url()).search).toBe("?q=LLAMA");
  await page.reload();
  await expect(row("llama-a")).toBeVisible();
  await expect(row("bert-b")).toBeHidden();
  await expect(page.getByRole("group", { name: "Show only jobs that are" }).getByRole("button", { name: /Held/ })).toContainText("1");

  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Label, as key=value").fill("team=nlp");
  await page.keyboard.press("Enter");
  await expect(row("bert-b")).toBeHidden();
  await page.getByRole("button", { name: "Do not filter by team=nlp" }).click();
  await expect(row("bert-b")).toBeVisible();

  await page.getByRole("button", { name: /Running/ }).click();
  await expect(page.getByText("No job passes the filter")).toBeVisible();
  await page.getByRole("button", { name: "Show all jobs" }).click();
  await expect(row("llama-a")).toBeVisible();
  expect(new URL(page.url()).search).toBe("");
});

test("a new job that passes the filter appears by itself, and one that does not stays away", async ({ page, server, api }) => {
  await signIn(page, server, "/jobs?q=wanted");
  await expect(page.getByText("No job passes the filter")).toBeVisible();
  await api.submit({ ...HELD, name: "other" });
  await api.submit({ ...HELD, name: "wanted-one" });
  await expect(page.getByRole("link", { name: "wanted-one" })).toBeVisible();
  await expect(page.getByRole("link", { name: "other" })).toBeHidden();
});

test("the order is the one that was chosen", async ({ page, server, api }) => {
  for (const [name, priority] of [["low", -5], ["high", 9], ["middle", 1]] as const) await api.submit({ ...HELD, name, priority });
  await signIn(page, server, "/jobs?sort=priority");
  const names = page.getByRole("table", { name: "Jobs" }).locator("tbody a");
  await expect(names).toHaveText(["high", "middle", "low"]);
  await page.getByRole("button", { name: "Submitted" }).click();
  await expect(names).toHaveText(["middle", "high", "low"]);
  await expect(page.getByRole("columnheader", { name: /Submitted/ })).toHaveAttribute("aria-sort", "descending");
});

test("a long list is loaded as one scrolls, and only what is in sight is in the page", async ({ page, server, api }) => {
  await api.submitAll(Array.from({ length: 350 }, (_, index) => ({ ...HELD, name: `sweep-${index}` })));
  await signIn(page, server, "/jobs");
  const table = page.getByRole("table", { name: "Jobs" });
  await expect(table.getByRole("link", { name: "sweep-349", exact: true })).toBeVisible();
  // The newest first: the oldest is four pages away.
  const oldest = table.getByRole("link", { name: "sweep-0", exact: true });
  await expect(async () => {
    await page.mouse.wheel(0, 20_000);
    await expect(oldest).toBeVisible({ timeout: 500 });
  }).toPass();
  expect(await table.locator("tbody tr").count()).toBeLessThan(80);
  await expect(table).toHaveAttribute("aria-rowcount", "352");
});

test("selected jobs are cancelled together, and those that have ended are retried", async ({ dashboard: page, api }) => {
  await openPage(page, "Jobs");
  const ids = await Promise.all(["one", "two", "three"].map((name) => api.submit({ ...HELD, name })));
  for (const name of ["one", "two"]) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  const bar = page.getByRole("region", { name: "Selected jobs" });
  await expect(bar).toContainText("2 jobs selected");
  await bar.getByRole("button", { name: "Cancel 2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Yes, cancel them" }).click();
  await expect(bar).toBeHidden();
  expect(await Promise.all(ids.map((id) => api.status(id)))).toEqual(["CANCELLED", "CANCELLED", "HELD"]);

  await page.getByRole("checkbox", { name: "Select all 3 loaded jobs" }).check();
  await expect(bar).toContainText("3 jobs selected");
  await bar.getByRole("button", { name: "Select none" }).click();
  await page.getByRole("checkbox", { name: "Select one" }).check();
  await bar.getByRole("button", { name: "Retry 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Yes, submit them anew" }).click();
  await expect(page.getByRole("link", { name: "one", exact: true })).toHaveCount(2);
});

test("all that pass the filter are cancelled and retried, loaded or not", async ({ page, server, api }) => {
  await api.submitAll(Array.from({ length: 250 }, (_, index) => ({ ...HELD, name: `sweep-${index}` })));
  const spared = await api.submit({ ...HELD, name: "spared" });
  await signIn(page, server, "/jobs?q=sweep");
  await page.getByRole("checkbox", { name: "Select all 100 loaded jobs" }).check();
  const bar = page.getByRole("region", { name: "Selected jobs" });
  await bar.getByRole("button", { name: "Select all 250 that pass the filter" }).click();
  await expect(bar).toContainText("All 250 jobs that pass the filter");
  await bar.getByRole("button", { name: "Cancel 250" }).click();
  await page.getByRole("dialog", { name: "Cancel 250 jobs?" }).getByRole("button", { name: "Yes, cancel them" }).click();
  await expect(bar).toBeHidden();
  const cancelled = page.getByRole("group", { name: "Show only jobs that are" }).getByRole("button", { name: /Cancelled/ });
  await expect(cancelled).toContainText("250");
  expect(await api.status(spared)).toBe("HELD");

  await cancelled.click();
  await page.getByRole("checkbox", { name: "Select sweep-249" }).check();
  await bar.getByRole("button", { name: "Select all 250 that pass the filter" }).click();
  await bar.getByRole("button", { name: "Retry 250" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Yes, submit them anew" }).click();
  await expect(bar).toBeHidden();
  const { jobs } = await api.ask<{ jobs: { totalCount: number } }>('{ jobs(first: 1, filter: { nameContains: "sweep" }) { totalCount } }');
  expect(jobs.totalCount).toBe(500);
});

test("a view is saved by name, shared by its link, and forgotten", async ({ dashboard: page, api, server }) => {
  await api.submit({ ...HELD, name: "llama-a" });
  await openPage(page, "Jobs");
  await page.getByRole("searchbox", { name: "Search by name" }).fill("llama");
  await page.getByRole("button", { name: "Save this view" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("My llamas");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.reload();
  const view = page.getByRole("link", { name: "My llamas" });
  await view.click();
  await expect(page).toHaveURL(`${server.origin}/jobs?q=llama`);
  await expect(view).toHaveAttribute("aria-current", "true");
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(kept).toContain("My llamas");
  expect(kept).not.toContain(server.token);
  await page.getByRole("button", { name: "Forget the view My llamas" }).click();
  await expect(view).toBeHidden();
});

test("mine are those that I have submitted", async ({ page, server, api }) => {
  const key = await api.key("MEMBER", "nightly");
  await new Api(server, key).submit({ ...HELD, name: "by-the-key" });
  await api.submit({ ...HELD, name: "by-the-operator" });
  await signIn(page, server, "/jobs", key);
  await expect(page.getByRole("link", { name: "by-the-operator" })).toBeVisible();
  await page.getByRole("button", { name: "Mine" }).click();
  await expect(page.getByRole("link", { name: "by-the-operator" })).toBeHidden();
  await expect(page.getByRole("link", { name: "by-the-key" })).toBeVisible();
});

test("rows stand still under the pointer, and new ones wait to be let in", async ({ dashboard: page, api }) => {
  await api.submit({ ...HELD, name: "first" });
  await openPage(page, "Jobs");
  await page.getByRole("link", { name: "first" }).hover();
  await api.submit({ ...HELD, name: "second" });
  const letIn = page.getByRole("button", { name: "1 new job" });
  await expect(letIn).toBeVisible();
  await expect(page.getByRole("link", { name: "second" })).toBeHidden();
  await letIn.click();
  await expect(page.getByRole("link", { name: "second" })).toBeVisible();

  // For whoever goes through them by keys they stand still, too.
  await page.mouse.move(0, 0);
  await page.keyboard.press("j");
  await api.submit({ ...HELD, name: "third" });
  await expect(letIn).toBeVisible();
  await expect(page.getByRole("link", { name: "third" })).toBeHidden();
  await page.getByRole("heading", { name: "Jobs" }).click();
  await expect(page.getByRole("link", { name: "third" })).toBeVisible();
});

test("the keyboard goes everywhere that the mouse does", async ({ dashboard: page, api }) => {
  await api.submit({ ...HELD, name: "older" });
  await api.submit({ ...HELD, name: "newer" });
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await expect(page).toHaveURL(/\/jobs$/);
  await expect(page.getByRole("link", { name: "older" })).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(page.getByRole("link", { name: "older" })).toBeFocused();
  await page.keyboard.press("x");
  await expect(page.getByRole("checkbox", { name: "Select older" })).toBeChecked();
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search by name" })).toBeFocused();
  await page.keyboard.type("gj");
  await expect(page).toHaveURL(/q=gj/);
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Jobs" }).click();
  await page.keyboard.press("?");
  await page.getByRole("checkbox", { name: "Use these keys" }).uncheck();
  await page.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await expect(page).toHaveURL(/\/jobs/);
});
