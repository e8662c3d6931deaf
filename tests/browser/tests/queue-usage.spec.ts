import { readFile } from "node:fs/promises";
import { expect, openPage, test } from "../harness/test.ts";

test("the queue shows shares, places and reasons, and follows by itself", async ({ dashboard: page, api }) => {
  const holder = await api.submit({ name: "holder", gpus: 3, line: "exec sleep 60" });
  await api.reaches(holder, "RUNNING");
  await api.submit({ name: "large", gpus: 4, line: "true", priority: 5 });
  await api.submit({ name: "later", gpus: 4, line: "true" });
  await openPage(page, "Queue");
  const queue = page.getByRole("region", { name: "Default" });
  await expect(queue).toContainText("holds 3");
  const waiting = queue.getByRole("list", { name: "Waiting jobs of Default" }).locator("> li");
  await expect(waiting).toHaveCount(2);
  await expect(waiting.first()).toContainText("large");
  await expect(waiting.first()).toContainText("next");
  await expect(waiting.first()).toContainText("the job needs 4");

  await api.cancel(holder);
  await expect(queue).toContainText("Nothing waits.");
  await expect(queue).toContainText("holds 0");
});

test("usage counts what was held, and is saved as a file", async ({ dashboard: page, api }) => {
  const loan = await api.submit({ name: "notebook", gpus: 4 });
  await api.reaches(loan, "RUNNING");
  const held = async (): Promise<number> => {
    const { organization } = await api.ask<{ organization: { usage: { gpuSeconds: number } } }>(
      "query Held($since: DateTime!) { organization { usage { gpuSeconds(since: $since) } } }",
      { since: new Date(Date.now() - 3_600_000).toISOString() },
    );
    return organization.usage.gpuSeconds;
  };
  await expect.poll(held, { message: "enough is held to be seen in the file" }).toBeGreaterThan(4);
  await openPage(page, "Usage");
  const byOrganization = page.getByRole("table", { name: "GPU-hours by organization" });
  await expect(byOrganization.getByRole("row").filter({ hasText: "Default" })).toBeVisible();
  await expect(page.getByRole("table", { name: "GPU-hours by day" }).locator("tbody tr")).toHaveCount(10);
  await page.getByRole("radio", { name: "30 days" }).check({ force: true });
  await expect(page.getByRole("table", { name: "GPU-hours by day" }).locator("tbody tr")).toHaveCount(30);

  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  const lines = (await readFile(await saved.path(), "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(31);
  expect(Number(lines.at(-1)?.split(",").at(-1))).toBeGreaterThan(0);
});
