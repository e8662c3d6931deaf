// Pictures of a fleet at work. Those in docs/ are kept; the others are to look at.
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { Api } from "../harness/api.ts";
import { FleetServer } from "../../harness/server.ts";
import { expect, openPage, signIn, test } from "../harness/test.ts";
import { atWork, endAll, LONG } from "./atWork.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
test("pictures of a fleet at work", async ({ page }) => {
  const server = await FleetServer.start("simulated:8xH100-80GB,4xA100-40GB");
  const api = new Api(server);
  const active = await populate(api);
  try {
    await signIn(page, server);
    await openPage(page, "Fleet");
    await settled(page);
    await page.screenshot({ path: join(DOCS, "dashboard.png") });
    await page.goto(`${server.origin}/jobs/${active.at(-2) ?? ""}`);
    await expect(page.getByRole("list", { name: "Suggestions" })).toBeVisible();
    await expect(page.getByRole("note")).toBeVisible();
    await page.screenshot({ path: join(DOCS, "why-it-waits.png"), clip: { x: 0, y: 0, width: 1440, height: 520 } });
    await takeOverlays(page, server);
    await takeVariants(page, server, await viewsOf(api));
  } finally {
    // What runs outlives its agent on purpose, so it is ended before the server.
    await endAll(api, active);
    await server.remove();
  }
});

async function populate(api: Api): Promise<string[]> {
  const active = await atWork(api);
  await api.key("MEMBER", "nightly-eval");
  for (const [slug, name, guaranteedGpus, maxGpus] of [["vision", "Vision Lab", 4, 8], ["speech", "Speech", 2, undefined]] as const) {
    await api.ask("mutation Organization($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }", {
      input: { slug, name, quota: { guaranteedGpus, maxGpus } },
    });
  }
  return active;
}

/** The readings have come: the cells of working GPUs show more than nothing. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator("[data-gpu-status=ALLOCATED]").filter({ hasText: /[1-9]\d? %/ })).toHaveCount(7);
}

/** What is opened over a page. */
async function takeOverlays(page: Page, server: FleetServer): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${server.origin}/jobs`);
    await expect(page.getByRole("link", { name: "train-llama-3-8b" })).toBeVisible();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("llama");
    await expect(page.getByRole("option", { name: /train-llama/ })).toBeVisible();
    await page.screenshot({ path: `test-results/palette-${colorScheme}.png` });
    await page.keyboard.press("Escape");
    await page.getByRole("checkbox", { name: /^Select all/ }).check();
    await page.screenshot({ path: `test-results/bulk-${colorScheme}.png` });
    await page.getByRole("link", { name: "pretrain-70b" }).click();
    await page.getByRole("button", { name: /^Apply/ }).first().click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.screenshot({ path: `test-results/apply-${colorScheme}.png` });
    await page.keyboard.press("Escape");
  }
}

const VARIANTS = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1440, height: 900 },
  { name: "light-390", colorScheme: "light", width: 390, height: 844 },
  { name: "dark-390", colorScheme: "dark", width: 390, height: 844 },
] as const;

interface View {
  readonly name: string;
  readonly path: string;
  /** What is there when the view is. */
  readonly text: string | RegExp;
}

async function viewsOf(api: Api): Promise<readonly View[]> {
  const { gpus, jobs } = await api.ask<{
    gpus: { nodes: { id: string; host: { id: string } }[] };
    jobs: { nodes: { id: string; name: string }[] };
  }>("{ gpus(first: 1) { nodes { id host { id } } } jobs(first: 50) { nodes { id name } } }");
  const job = (name: string): string => jobs.nodes.find((one) => one.name === name)?.id ?? "";
  const [gpu] = gpus.nodes;
  return [
    { name: "fleet", path: "/fleet", text: "train-llama-3-8b" },
    { name: "fleet-table", path: "/fleet?view=table", text: "train-llama-3-8b" },
    { name: "fleet-panel", path: `/fleet?gpu=${gpu?.id ?? ""}`, text: "Charts and more" },
    { name: "gpu", path: `/fleet/gpus/${gpu?.id ?? ""}`, text: "Its own word" },
    { name: "host", path: `/fleet/hosts/${gpu?.host.id ?? ""}`, text: "Containment" },
    { name: "jobs", path: "/jobs", text: "pretrain-70b" },
    { name: "jobs-filtered", path: "/jobs?q=nothing-has-this-name", text: "No job passes the filter" },
    { name: "job", path: `/jobs/${job("train-llama-3-8b")}`, text: /step \d+/ },
    { name: "job-waiting", path: `/jobs/${job("pretrain-70b")}`, text: "Why it waits" },
    { name: "job-failed", path: `/jobs/${job("convert-checkpoint")}`, text: "no such file" },
    { name: "queue", path: "/queue", text: "sweep-lora-rank" },
    { name: "usage", path: "/usage", text: "By day" },
    { name: "usage-users", path: "/usage?by=user&days=30", text: "By user" },
    { name: "submit", path: "/submit", text: "New job" },
    { name: "submit-clone", path: `/submit?from=${job("train-llama-3-8b")}`, text: "was submitted" },
    { name: "admin-organizations", path: "/admin/organizations", text: "Vision Lab" },
    { name: "admin-keys", path: "/admin/keys", text: "nightly-eval" },
    { name: "admin-hosts", path: "/admin/hosts", text: "every organization" },
    { name: "admin-audit", path: "/admin/audit", text: "127.0.0.1" },
    { name: "nowhere", path: "/nowhere", text: "There is no such page" },
  ];
}

async function takeVariants(page: Page, server: FleetServer, views: readonly View[]): Promise<void> {
  for (const { name, colorScheme, width, height } of VARIANTS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    for (const view of views) {
      await page.goto(server.origin + view.path);
      await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
      await expect(page.getByText(view.text).first()).toBeVisible();
      await page.screenshot({ path: `test-results/${view.name}-${name}.png`, fullPage: width < 500 });
    }
  }
}

test("pictures of what is seen without a token, and without a server", async ({ page }) => {
  const server = await FleetServer.start();
  try {
    await page.goto(server.origin);
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    await page.screenshot({ path: "test-results/sign-in-light.png" });
    await signIn(page, server, "/jobs");
    await expect(page.getByText("No jobs yet")).toBeVisible();
    await page.screenshot({ path: "test-results/jobs-empty-light.png" });
    await server.kill();
    await expect(page.getByText("Live updates stopped at")).toBeVisible();
    await page.screenshot({ path: "test-results/cut-off-light.png" });
  } finally {
    await server.remove();
  }
});

test("pictures of a fleet of 512 GPUs", async ({ page }) => {
  const server = await FleetServer.start("simulated:512xH100-80GB");
  const api = new Api(server);
  const jobs: string[] = [];
  try {
    for (const [name, gpus] of [["train-70b", 256], ["finetune", 64], ["sweep", 32]] as const) {
      const id = await api.submit({ name, gpus, line: LONG });
      await api.reaches(id, "RUNNING");
      jobs.push(id);
    }
    await signIn(page, server);
    for (const color of ["state", "use", "organization"]) {
      await page.goto(`${server.origin}/fleet?color=${color}`);
      await expect(page.locator("canvas[data-cells='512']")).toBeVisible();
      await expect(page.getByRole("group", { name: "GPUs by state" })).toContainText("Working");
      await page.screenshot({ path: `test-results/map-${color}-light.png` });
    }
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${server.origin}/fleet?color=use`);
    await expect(page.locator("canvas[data-cells='512']")).toBeVisible();
    await expect(page.getByRole("group", { name: "GPUs by state" })).toContainText("Working");
    // While the picture still finds its place, a pointer that does not move is under nothing.
    await expect(async () => {
      await page.mouse.move(0, 0);
      await page.locator("canvas").hover({ position: { x: 420, y: 80 }, force: true });
      await expect(page.getByText("gpu-a01:115")).toBeVisible({ timeout: 1000 });
    }).toPass();
    await page.screenshot({ path: join(DOCS, "map.png"), clip: { x: 0, y: 0, width: 1440, height: 640 } });
  } finally {
    await endAll(api, jobs);
    await server.remove();
  }
});
