import { expect, openPage, test } from "../harness/test.ts";

test("what the server refuses is said at the field, and nothing typed is lost", async ({ dashboard: page }) => {
  await openPage(page, "Submit");
  const name = page.getByLabel("Name");
  const gpus = page.getByLabel("GPUs", { exact: true });
  const submit = page.getByRole("button", { name: "Submit job" });
  await page.getByLabel("Command").fill("echo hello");

  await submit.click();
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription(/must not be blank/i);
  await expect(name).toBeFocused();

  await name.fill("hello");
  await gpus.fill("0");
  await submit.click();
  await expect(gpus).toHaveAttribute("aria-invalid", "true");
  await expect(gpus).toHaveAccessibleDescription(/must be 1 to 4096/i);
  await expect(name).toHaveAttribute("aria-invalid", "false");
  await expect(name).toHaveValue("hello");

  await gpus.fill("1");
  await submit.click();
  await expect(page.getByRole("heading", { name: "hello" })).toBeVisible();
  await expect(page.getByRole("log")).toContainText("hello");
});
