import { expect, openPage, test } from "../harness/test.ts";

test("before it is sent, a job is told what would become of it, and what would start it", async ({ dashboard: page, api }) => {
  await openPage(page, "Submit");
  const preview = page.getByRole("status", { name: "Preview" });
  await expect(preview).toContainText("when every field is right");
  await page.getByLabel("Name").fill("probe");
  await page.getByLabel("GPUs", { exact: true }).fill("4");
  await expect(preview).toContainText("It starts at once, on gpu-a01.");

  const loan = await api.submit({ name: "notebook", gpus: 2 });
  await api.reaches(loan, "RUNNING");
  await expect(preview).toContainText("It waits.");
  await expect(preview.getByRole("list", { name: "Blockers" })).toContainText("the job needs 4");
  await expect(preview.getByRole("list", { name: "Suggestions" })).toContainText("2 GPUs instead of 4");

  // Nothing of it was kept.
  await openPage(page, "Jobs");
  await expect(page.getByRole("link", { name: "notebook" })).toBeVisible();
  await expect(page.getByRole("link", { name: "probe" })).toBeHidden();
});

test("a waiting job tells what would start it now", async ({ dashboard: page, api }) => {
  const loan = await api.submit({ name: "notebook", gpus: 2 });
  await api.reaches(loan, "RUNNING");
  await api.submit({ name: "patient", gpus: 4, line: "true" });
  await openPage(page, "Jobs");
  await page.getByRole("link", { name: "patient" }).click();
  await expect(page.getByRole("list", { name: "Blockers" })).toContainText("GPUS_BUSY");
  await expect(page.getByRole("list", { name: "Suggestions" })).toContainText("2 GPUs instead of 4");
});

test("a suggestion is applied by one click: in the form, and to a waiting job, which gives way to a new one", async ({ dashboard: page, api }) => {
  const loan = await api.submit({ name: "notebook", gpus: 2 });
  await api.reaches(loan, "RUNNING");
  await openPage(page, "Submit");
  await page.getByLabel("Name").fill("probe");
  await page.getByLabel("GPUs", { exact: true }).fill("4");
  const preview = page.getByRole("status", { name: "Preview" });
  await preview.getByRole("listitem").filter({ hasText: "2 GPUs instead of 4" }).getByRole("button", { name: /^Apply/ }).click();
  await expect(page.getByLabel("GPUs", { exact: true })).toHaveValue("2");
  await expect(preview).toContainText("It starts at once");

  const old = await api.submit({ name: "patient", gpus: 4, line: "true" });
  await openPage(page, "Jobs");
  await page.getByRole("link", { name: "patient" }).click();
  await page.getByRole("button", { name: /^Apply.*2 GPUs instead of 4/ }).click();
  const dialog = page.getByRole("dialog", { name: "Replace patient?" });
  await expect(dialog.getByRole("row").filter({ hasText: "GPUs" })).toHaveText(/GPUs\s*4\s*2/);
  await dialog.getByRole("button", { name: "Yes, replace it" }).click();
  await expect(page).not.toHaveURL(new RegExp(old));
  await expect(page.getByRole("status", { name: "Job status" }).locator("[data-status]")).toHaveAttribute("data-status", "SUCCEEDED");
  expect(await api.status(old)).toBe("CANCELLED");
});

test("an array of jobs is submitted by the form, as the command line would", async ({ dashboard: page, api }) => {
  await openPage(page, "Submit");
  await page.getByLabel("Name").fill("sweep");
  await page.getByLabel("Command").fill('echo "part $GPU_FLEET_ARRAY_INDEX of $GPU_FLEET_ARRAY_SIZE"');
  await page.getByLabel("Copies").fill("0");
  await expect(page.getByLabel("Copies")).toHaveAccessibleDescription(/must be 1 to 1000/);
  await page.getByLabel("Copies").fill("3");
  await expect(page.getByLabel("The same submission")).toContainText("--array 3 --");
  await page.getByRole("button", { name: "Submit 3 jobs" }).click();
  await expect(page).toHaveURL(/\/jobs\?q=sweep/);
  await expect(page.getByRole("link", { name: "sweep", exact: true })).toHaveCount(3);
  const { jobs } = await api.ask<{ jobs: { nodes: { id: string }[] } }>('{ jobs(filter: { labels: [{ key: "array-index", value: "2" }] }, first: 5) { nodes { id } } }');
  expect(jobs.nodes).toHaveLength(1);
  await api.reaches(jobs.nodes[0]?.id ?? "", "SUCCEEDED");
});
