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
  const byOrganization = page.getByRole("table", { name: "GPU-hours by Organization" });
  await expect(byOrganization.getByRole("row").filter({ hasText: "Default" })).toBeVisible();
  const days = page.getByRole("table", { name: "GPU-hours by day" }).locator("tbody tr");
  await expect(days).toHaveCount(7);
  await page.getByRole("radio", { name: "30 days" }).check({ force: true });
  await expect(days).toHaveCount(30);
  await page.getByRole("radio", { name: "GPU type" }).check({ force: true });
  await expect(page.getByRole("table", { name: "GPU-hours by GPU type" })).toContainText("H100");
  await expect(page).toHaveURL(/days=30&by=gpu/);

  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  const [head, ...lines] = (await readFile(await saved.path(), "utf8")).trimEnd().split("\n").map((line) => line.split(","));
  expect(head).toEqual(["day_utc", "gpu", "jobs", "gpu_hours_held", "gpu_hours_used", "gpu_hours_idle", "gpu_hours_unknown"]);
  // Around midnight it may be two days.
  expect(lines.length).toBeGreaterThanOrEqual(1);
  expect(lines.every((line) => line[1]?.includes("H100") && Number(line[3]) > 0)).toBe(true);
});
