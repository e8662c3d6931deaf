import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, expectSameDocument, markDocument, openPage, test } from "../harness/test.ts";
import { watchPage } from "../harness/watch.ts";

const LIFE = ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"];

test("a submitted job is followed through its life and its log without a reload", async ({ dashboard: page, server, api }) => {
  const watch = watchPage(page, server.origin);
  // With one GPU left the job has to wait, so that the page sees it queued.
  const loan = await api.submit({ name: "notebook", gpus: 3 });
  await api.reaches(loan, "RUNNING");
  const gate = join(server.folder, "gate");

  await openPage(page, "Submit");
  await page.getByLabel("Name").fill("finetune");
  await page.getByLabel("Model type").fill("llama-3-8b");
  await page.getByLabel("GPUs", { exact: true }).fill("2");
  await page.getByLabel("GPU types").fill("H100");
  await page.getByLabel("Minimum memory per GPU (GB)").fill("80");
  await page.getByLabel("Command").fill(gatedSteps(server.folder, gate));
  await expect(page.getByLabel("Matching GPUs")).toContainText("4 of 4 GPUs match, 1 free now.");
  await page.getByRole("button", { name: "Submit job" }).click();

  const status = page.getByRole("status", { name: "Job status" }).locator("[data-status]");
  await expect(page.getByRole("heading", { name: "finetune" })).toBeVisible();
  await expect(status).toHaveAttribute("data-status", "QUEUED");
  await collectStatuses(page);
  await markDocument(page);
  await api.release(loan);

  const log = page.getByRole("log", { name: "Job log" });
  await expect(log).toContainText("step 1");
  await expect(status).toHaveAttribute("data-status", "RUNNING");
  await expect(log).not.toContainText("step 2");
  await expect(page.getByRole("list", { name: "Assigned GPUs" }).getByRole("listitem")).toHaveCount(2);

  await writeFile(gate, "");
  await expect(log).toContainText("step 4");
  await expect(status).toHaveAttribute("data-status", "SUCCEEDED");
  await expect(page.getByText("4 lines, complete")).toBeVisible();

  // A status that is over within one frame may be skipped on the way; the events name each.
  const seen = await collectedStatuses(page);
  expect(seen).toEqual(LIFE.filter((step) => seen.includes(step)));
  expect(seen).toEqual(expect.arrayContaining(["QUEUED", "RUNNING", "SUCCEEDED"]));
  const events = page.getByRole("region", { name: "Events" }).locator("[data-status]");
  await expect.poll(() => events.evaluateAll((marks) => marks.map((mark) => mark.getAttribute("data-status")))).toEqual(LIFE);
  await expectSameDocument(page);
  expect(watch).toEqual({ foreign: [], errors: [] });
});

/** Four lines: the first at once, the others when the gate is there. It also ends when a failed test has removed the folder. */
function gatedSteps(folder: string, gate: string): string {
  const wait = `until [ -e '${gate}' ] || [ ! -d '${folder}' ]; do sleep 0.1; done`;
  return `echo "step 1"; ${wait}; for n in 2 3 4; do echo "step $n"; sleep 0.3; done`;
}

/** Notes each status that the page shows from now on. */
async function collectStatuses(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: string[] = [];
    const look = (): void => {
      const status = document.querySelector("[aria-label='Job status'] [data-status]")?.getAttribute("data-status");
      if (status !== null && status !== undefined && status !== seen.at(-1)) seen.push(status);
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    Object.assign(window, { statusesSeen: seen });
  });
}

async function collectedStatuses(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { statusesSeen: string[] }).statusesSeen);
}

test("a running job is cancelled by its button, after the page has asked", async ({ dashboard: page, api }) => {
  const job = await api.submit({ name: "endless", gpus: 1, line: "echo begun; exec sleep 120" });
  await openPage(page, "Jobs");
  await page.getByRole("link", { name: "endless" }).click();
  const status = page.getByRole("status", { name: "Job status" }).locator("[data-status]");
  await expect(status).toHaveAttribute("data-status", "RUNNING");
  await expect(page.getByRole("log")).toContainText("begun");

  const button = page.getByRole("button", { name: "Cancel job" });
  await button.click();
  const dialog = page.getByRole("dialog", { name: "Cancel endless?" });
  await dialog.getByRole("button", { name: "No, keep it" }).click();
  await expect(dialog).toBeHidden();
  expect(await api.status(job)).toBe("RUNNING");

  await button.click();
  await dialog.getByRole("button", { name: "Yes, cancel it" }).click();
  await expect(status).toHaveAttribute("data-status", "CANCELLED");
  await expect(dialog).toBeHidden();
  await expect(button).toBeHidden();
  expect(await api.status(job)).toBe("CANCELLED");
});
