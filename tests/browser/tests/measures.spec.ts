// Figures that people ask for, measured as a browser sees them. They are told and never asserted; what is asserted is that they
// could be measured.
import type { Page } from "@playwright/test";
import { expect, openPage, signIn, test } from "../harness/test.ts";
import { tell } from "../harness/measures.ts";

test("how soon a change is seen after its commit", async ({ dashboard: page, api }, info) => {
  await openPage(page, "Jobs");
  await expect(page.getByText("No jobs yet")).toBeVisible();
  await noteRows(page);
  const delays: number[] = [];
  for (let round = 0; round < 7; round++) {
    const name = `timed-${round}`;
    const { submitJob } = await api.ask<{ submitJob: { job: { submittedAt: string } } }>(
      "mutation Submit($input: SubmitJobInput!) { submitJob(input: $input) { job { submittedAt } } }",
      { input: { name, command: ["true"], hold: true } },
    );
    await expect(page.getByRole("link", { name, exact: true })).toBeVisible();
    delays.push((await seenAt(page, name)) - Date.parse(submitJob.job.submittedAt));
  }
  expect(delays.every(Number.isFinite)).toBe(true);
  tell(info, "milliseconds from commit to pixel", delays.sort((a, b) => a - b).join(", "));
});

/** Notes the frame in which each row is painted. */
async function noteRows(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: Record<string, number> = {};
    new MutationObserver(() => {
      // The callback of the frame after this one runs when this one is on the screen.
      requestAnimationFrame(() => requestAnimationFrame(() => document.querySelectorAll("tbody a").forEach((link) => (seen[link.textContent ?? ""] ??= Date.now()))));
    }).observe(document.body, { subtree: true, childList: true });
    Object.assign(window, { seenAt: seen });
  });
}

async function seenAt(page: Page, name: string): Promise<number> {
  await page.waitForFunction((wanted) => wanted in (window as unknown as { seenAt: Record<string, number> }).seenAt, name);
  return page.evaluate((wanted) => (window as unknown as { seenAt: Record<string, number> }).seenAt[wanted] ?? NaN, name);
}

test("how soon the first visit shows something, and how much it loads", async ({ browser, server }, info) => {
  const paints: number[] = [];
  let bytes = 0;
  for (let visit = 0; visit < 3; visit++) {
    // Nothing is kept from the visit before.
    const page = await (await browser.newContext()).newPage();
    await signIn(page, server);
    const { paint, loaded } = await page.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
      loaded: performance.getEntriesByType("resource").map((entry) => (entry as PerformanceResourceTiming).encodedBodySize).reduce((sum, size) => sum + size, 0),
    }));
    paints.push(Math.round(paint));
    bytes = loaded;
    await page.context().close();
  }
  expect(paints.every(Number.isFinite)).toBe(true);
  tell(info, "milliseconds to the first paint, of three visits", paints.join(", "));
  tell(info, "kB of a first visit, as they travel", (bytes / 1000).toFixed(0));
});
