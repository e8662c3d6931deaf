import type { Page } from "@playwright/test";
import { expect, openPage, signIn, test } from "../harness/test.ts";
import { watchPage } from "../harness/watch.ts";

const EXAMPLES = ["Fleet", "WaitingJobs", "SubmitJob"];

test("GraphiQL opens from the dashboard, signed in, and asks no other host", async ({ page, server }) => {
  const watch = watchPage(page, server.origin);
  await signIn(page, server);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "GraphiQL" }).click();
  await run(page, "Fleet");
  await expect(result(page)).toContainText('"gpusAvailable": 4');
  await expect(page.getByLabel("Token or sign-in link")).toBeHidden();

  // Its code and its fonts have all been asked for by now.
  await page.waitForLoadState("networkidle");
  expect(watch).toEqual({ foreign: [], errors: [] });
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(kept).not.toContain(server.token);
});

test("its examples run without an error, and the job of one does well", async ({ page, server, api }) => {
  const watch = watchPage(page, server.origin);
  await openGraphiql(page, `${server.origin}/graphiql${server.signInLink.hash}`);
  for (const name of EXAMPLES) {
    await openTab(page, name);
    await run(page, name);
    await expect(result(page)).toContainText('"data"');
    await expect(result(page)).not.toContainText('"errors"');
  }
  await expect(result(page)).toContainText("job_");
  const [job = ""] = /job_\w+/.exec(await result(page).innerText()) ?? [];
  await api.reaches(job, "SUCCEEDED");
  expect(watch).toEqual({ foreign: [], errors: [] });
});

test("its subscription receives what happens meanwhile", async ({ page, server, api }) => {
  const watch = watchPage(page, server.origin);
  await openGraphiql(page, `${server.origin}/graphiql${server.signInLink.hash}`);
  await openTab(page, "JobUpdates");
  await run(page, "JobUpdates");
  await expect(page.getByRole("button", { name: /Stop query/ })).toBeVisible();

  // Nothing tells when the server has begun to listen for this page, and what is submitted before is not told.
  await expect(async () => {
    await api.submit({ name: "seen-live", gpus: 1, line: "true" });
    await expect(result(page)).toContainText('"seen-live"', { timeout: 2_000 });
  }).toPass();
  expect(watch).toEqual({ foreign: [], errors: [] });
});

test("the schema can be read beside the editor", async ({ page, server }) => {
  await openGraphiql(page, `${server.origin}/graphiql${server.signInLink.hash}`);
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  const explorer = page.getByRole("region", { name: "Documentation Explorer" });
  await explorer.getByRole("link", { name: "Query", exact: true }).click();
  await explorer.getByRole("link", { name: "jobs", exact: true }).click();
  await expect(explorer).toContainText("newest first unless ordered otherwise");
});

test("each page hands over the operation behind it, and it runs", async ({ dashboard: page, api }) => {
  const job = await api.submit({ name: "looked-at", gpus: 1, line: "true" });
  await api.reaches(job, "SUCCEEDED");
  await openPage(page, "Jobs");
  await page.getByRole("link", { name: "looked-at" }).click();
  await page.getByRole("link", { name: "Show the query" }).click();
  await run(page, "JobDetail");
  await expect(result(page)).toContainText('"name": "looked-at"');
  expect(new URL(page.url()).hash).toBe("");
});

test("a tab without a token asks for one", async ({ page, server }) => {
  await page.goto(`${server.origin}/graphiql`);
  await page.getByLabel("Token or sign-in link").fill(server.signInLink.href);
  await page.getByRole("button", { name: "Use this token" }).click();
  await run(page, "Fleet");
  await expect(result(page)).toContainText('"gpusAvailable": 4');
});

async function openGraphiql(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(page.getByRole("tab", { name: "Fleet" })).toBeVisible();
}

async function openTab(page: Page, name: string): Promise<void> {
  // A tab that is clicked while GraphiQL still puts itself together is not opened.
  await expect(async () => {
    await page.getByRole("tab", { name }).getByRole("button", { name, exact: true }).click();
    await expect(page.getByRole("region", { name: "Query Editor" })).toContainText(` ${name}`, { timeout: 2_000 });
  }).toPass();
}

/** For a moment after its tab was opened GraphiQL may still hold the operation of the one before: then it is run again. */
async function run(page: Page, name: string): Promise<void> {
  await expect(page.getByRole("region", { name: "Query Editor" })).toContainText(` ${name}`);
  const running = page.getByRole("button", { name: /Stop query/ });
  await expect(async () => {
    if (!(await running.isVisible())) await page.getByRole("button", { name: /Execute query/ }).click();
    await expect(result(page).filter({ hasText: /\w/ }).or(running).first()).toBeVisible();
    await expect(result(page)).not.toContainText("has no operation named", { timeout: 500 });
  }).toPass();
}

const result = (page: Page) => page.getByRole("region", { name: "Result Window" });
