import { expect, openPage, signIn, test } from "../harness/test.ts";

test("an organization is made, and edited by two people at once", async ({ dashboard: page, api }) => {
  await openPage(page, "Admin");
  await page.getByRole("button", { name: "New organization" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Vision Lab");
  await dialog.getByLabel("Short name").fill("Not valid");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await expect(dialog.getByLabel("Short name")).toHaveAccessibleDescription(/Lower-case letters/);
  await dialog.getByLabel("Short name").fill("vision");
  await dialog.getByLabel("Guaranteed GPUs").fill("2");
  await dialog.getByRole("button", { name: "Make it" }).click();
  const row = page.getByRole("row").filter({ hasText: "Vision Lab" });
  await expect(row).toBeVisible();

  await page.getByRole("button", { name: "Edit Vision Lab" }).click();
  await dialog.getByLabel("GPUs at most").fill("4");
  const { organization } = await api.ask<{ organization: { id: string; version: number } }>('{ organization(slug: "vision") { id version } }');
  await api.ask("mutation Edit($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { id } } }", {
    input: { id: organization.id, expectedVersion: organization.version, weight: 3 },
  });
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("Someone else changed this organization first.");
  await expect(dialog.getByRole("row").filter({ hasText: "Weight" })).toHaveText(/Weight\s*1\s*3/);
  await dialog.getByRole("button", { name: "Save over it" }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText("4");
});

test("what becomes of idle GPUs is edited by operators, under the version they saw, and read by everyone", async ({ dashboard: page, api, browser, server }) => {
  const row = page.getByRole("row", { name: "Default" });
  const dialog = page.getByRole("dialog");
  await openPage(page, "Admin");
  await expect(row).toContainText("warned after 30 min below 5 %, told of again 15 min later");
  await page.getByRole("button", { name: "Edit Default" }).click();
  await dialog.getByLabel("What follows").selectOption("a stop, it waits again");
  await dialog.getByLabel("Window, minutes").fill("0");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog.getByLabel("Window, minutes")).toHaveAccessibleDescription(/Minutes between 1 and 1,440\./);
  await dialog.getByLabel("Window, minutes").fill("60");

  const policy = "organization { id version idlePolicy { action windowMinutes graceMinutes utilizationPercent } }";
  const { organization } = await api.ask<{ organization: { id: string; version: number } }>(`{ ${policy} }`);
  await api.ask("mutation Edit($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { id } } }", {
    input: { id: organization.id, expectedVersion: organization.version, idlePolicy: { action: "NOTHING" } },
  });
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("Someone else changed this organization first.");
  await expect(dialog.getByRole("row").filter({ hasText: "Idle GPUs" })).toContainText("nobody looks");
  await dialog.getByRole("button", { name: "Save over it" }).click();
  await expect(dialog).toBeHidden();
  const words = "warned after 60 min below 5 %, stopped 15 min later, to wait again";
  await expect(row).toContainText(words);
  await expect(api.ask(`{ ${policy} }`)).resolves.toMatchObject({
    organization: { idlePolicy: { action: "STOP", windowMinutes: 60, graceMinutes: 15, utilizationPercent: 5 } },
  });

  const visitor = await (await browser.newContext()).newPage();
  await signIn(visitor, server, "/queue", await api.key("VIEWER"));
  await expect(visitor.getByRole("region", { name: "Default" })).toContainText(`idle GPUs: ${words}`);
});

test("a key's secret is shown once, works, and is refused when it was revoked", async ({ dashboard: page, browser, server }) => {
  await openPage(page, "Admin");
  await page.getByRole("link", { name: "API keys" }).click();
  await expect(page.getByText("No API key yet")).toBeVisible();
  await page.getByRole("button", { name: "New API key" }).click();
  await page.getByLabel("Name").fill("nightly");
  await page.getByLabel("Role").selectOption("VIEWER");
  await page.getByRole("button", { name: "Make it" }).click();
  const secret = (await page.getByRole("dialog").locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^gfk_/);
  await page.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);

  const visitor = await (await browser.newContext()).newPage();
  await signIn(visitor, server, "/submit", secret);
  await expect(visitor.getByRole("button", { name: "Submit job" })).toBeDisabled();
  await expect(visitor.getByText("Your role is VIEWER").first()).toBeVisible();
  await visitor.goto(`${server.origin}/admin/audit`);
  await expect(visitor.getByText("Not for your role")).toBeVisible();

  await page.getByRole("button", { name: "Revoke nightly" }).click();
  await page.getByRole("button", { name: "Yes, revoke it" }).click();
  await expect(page.getByRole("row").filter({ hasText: "nightly" })).toContainText("revoked");
  await expect(visitor.getByRole("alert")).toContainText("no longer accepted");
});

test("the audit trail tells who did what, from what to what", async ({ dashboard: page, api }) => {
  const job = await api.submit({ name: "watched", gpus: 1, line: "true", hold: true });
  await openPage(page, "Admin");
  await page.getByRole("link", { name: "Audit trail" }).click();
  const table = page.getByRole("table", { name: "Audit trail" });
  await expect(table).toContainText("submitted a job");
  await api.cancel(job);
  await expect(table).toContainText("cancelled a job");
  await page.getByLabel("Action").selectOption("CANCEL_JOB");
  await expect(table.locator("tbody tr")).toHaveCount(1);
  await expect(page).toHaveURL(/action=CANCEL_JOB/);
});

test("hosts are drained from their list, and one that is in use is not removed", async ({ dashboard: page, api }) => {
  const job = await api.submit({ name: "holder", gpus: 1, line: "exec sleep 60" });
  await api.reaches(job, "RUNNING");
  await openPage(page, "Admin");
  await page.getByRole("link", { name: "Hosts", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: "gpu-a01" });
  await row.getByRole("button", { name: "Remove gpu-a01" }).click();
  await page.getByRole("button", { name: "Yes, remove it" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
  await page.getByRole("button", { name: "No, keep it" }).click();
  await row.getByRole("button", { name: "Drain" }).click();
  await page.getByRole("button", { name: "Drain it" }).click();
  await expect(row.locator("[data-status]")).toHaveAttribute("data-status", "DRAINING");
  await api.cancel(job);
  await expect(row.locator("[data-status]")).toHaveAttribute("data-status", "DRAINED");
});
