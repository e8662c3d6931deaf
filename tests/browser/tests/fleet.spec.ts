import AxeBuilder from "@axe-core/playwright";
import { Api } from "../harness/api.ts";
import { FleetServer } from "../../harness/server.ts";
import { expect, openPage, signIn, test } from "../harness/test.ts";

test("a host is drained with a reason, and taken back", async ({ dashboard: page }) => {
  await page.getByRole("heading", { name: "gpu-a01" }).getByRole("link").click();
  const status = page.getByRole("status", { name: "Host status" }).locator("[data-status]");
  await expect(status).toHaveAttribute("data-status", "READY");
  await page.getByRole("button", { name: "Drain" }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("new fans");
  await page.getByRole("button", { name: "Drain it" }).click();
  await expect(status).toHaveAttribute("data-status", "DRAINED");
  await expect(page.getByText("new fans").first()).toBeVisible();
  await expect(page.getByRole("table", { name: "GPUs" })).toContainText("Unavailable");

  await page.getByRole("button", { name: "Take back into service" }).click();
  await page.getByRole("button", { name: "Take it back" }).click();
  await expect(status).toHaveAttribute("data-status", "READY");
  await expect(page.getByRole("table", { name: "GPUs" })).toContainText("Free");
});

test("a host is given labels and dedicated to an organization", async ({ dashboard: page }) => {
  await page.getByRole("heading", { name: "gpu-a01" }).getByRole("link").click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Labels").fill("rack=4");
  await dialog.getByLabel("Serves").selectOption("Default alone");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog).toBeHidden();
  const facts = page.getByRole("region", { name: "Host", exact: true });
  await expect(facts).toContainText("rack=4");
  await expect(facts).toContainText("Default");
});

test("a GPU's page tells who holds it and what runs on it", async ({ dashboard: page, api }) => {
  const job = await api.submit({ name: "holder", gpus: 1, line: "exec sleep 60" });
  await api.reaches(job, "RUNNING");
  await page.getByRole("button", { name: /holder/ }).click();
  await page.getByRole("link", { name: "Charts and more" }).click();
  await expect(page).toHaveURL(/\/fleet\/gpus\/gpu_/);
  await expect(page.getByRole("region", { name: "Now" })).toContainText("holder");
  await expect(page.getByRole("region", { name: "History" })).toContainText(/Nothing was told|Utilization/);
  await page.getByRole("radio", { name: "1 day" }).check({ force: true });
  await expect(page).toHaveURL(/range=day/);
  await api.cancel(job);
  await expect(page.getByRole("region", { name: "Now" })).toContainText("Free");
});

test("the fleet is searched, filtered and shown as a table", async ({ dashboard: page, api }) => {
  const job = await api.submit({ name: "busy-one", gpus: 1, line: "exec sleep 60" });
  await api.reaches(job, "RUNNING");
  const cells = page.getByRole("list", { name: "GPUs of gpu-a01" }).getByRole("button");
  await page.getByRole("searchbox", { name: "Host, type or job" }).fill("busy");
  await expect(cells).toHaveCount(1);
  await page.getByRole("searchbox", { name: "Host, type or job" }).fill("");
  await page.getByRole("group", { name: "GPUs by state" }).getByRole("button", { name: /Free/ }).click();
  await expect(cells).toHaveCount(3);
  await page.getByRole("radio", { name: "Table" }).check({ force: true });
  await expect(page.getByRole("table", { name: "GPUs" }).locator("tbody tr")).toHaveCount(3);
  await api.cancel(job);
  await expect(page.getByRole("table", { name: "GPUs" }).locator("tbody tr")).toHaveCount(4);
});

test("many GPUs are one picture that keys go through", async ({ page }) => {
  const server = await FleetServer.start("simulated:512xH100-80GB");
  const api = new Api(server);
  try {
    const joined = async (): Promise<number> => (await api.ask<{ fleet: { gpus: number } }>("{ fleet { gpus } }")).fleet.gpus;
    await expect.poll(joined, { message: "all GPUs have joined" }).toBe(512);
    await signIn(page, server);
    const grid = page.getByRole("grid", { name: "GPUs by host" });
    await expect(grid.locator("canvas")).toHaveAttribute("data-cells", "512", { timeout: 60_000 });
    await grid.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const active = page.locator(`#${(await grid.getAttribute("aria-activedescendant")) ?? "none"}`);
    await expect(active).toHaveText(/gpu-a01 GPU 2, H100-80GB, free, simulated/);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "gpu-a01 GPU 2" })).toBeVisible();
    await page.getByRole("radio", { name: "Organization" }).check({ force: true });
    await expect(page).toHaveURL(/color=organization/);
    // From the picture a key leads to the next GPU in trouble, and there is none; Ctrl goes from host to host.
    await grid.focus();
    const before = await grid.getAttribute("aria-activedescendant");
    await page.keyboard.press("n");
    expect(await grid.getAttribute("aria-activedescendant")).toBe(before);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    }
  } finally {
    await server.remove();
  }
});

test("an unknown GPU, host and job say so and lead back", async ({ page, server }) => {
  await signIn(page, server, "/fleet/gpus/gpu_nothing");
  await expect(page.getByText("No such GPU")).toBeVisible();
  await page.getByRole("link", { name: "All GPUs" }).click();
  await expect(page.getByRole("heading", { name: "Fleet" })).toBeVisible();
  await openPage(page, "Jobs");
  await expect(page.getByText("No jobs yet")).toBeVisible();
});
