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
