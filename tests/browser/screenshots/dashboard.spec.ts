// Pictures of a fleet at work. Only docs/dashboard.png is kept; the others are to look at.
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { Api, type JobWish } from "../harness/api.ts";
import { FleetServer } from "../../harness/server.ts";
import { expect, openPage, signIn, test } from "../harness/test.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
const LONG = 'for n in $(seq 1 600); do echo "step $n loss 0.$((900 - n))"; sleep 1; done';

const RUNNING: readonly JobWish[] = [
  { name: "train-llama-3-8b", gpus: 4, modelType: "llama-3-8b", gpuTypes: ["H100"], line: LONG, priority: 10 },
  { name: "finetune-mistral", gpus: 2, modelType: "mistral-7b", gpuTypes: ["H100"], line: LONG },
  { name: "embed-catalogue", gpus: 1, modelType: "bge-m3", gpuTypes: ["A100"], line: LONG },
  { name: "notebook-ada", gpus: 1, gpuTypes: ["A100"] },
];
const ENDED: readonly (readonly [wish: JobWish, status: string])[] = [
  [{ name: "eval-mmlu", gpus: 1, modelType: "llama-3-8b", line: "echo accuracy 0.67" }, "SUCCEEDED"],
  [{ name: "convert-checkpoint", gpus: 1, modelType: "mistral-7b", line: "echo no such file >&2; exit 3" }, "FAILED"],
];
const WAITING: readonly JobWish[] = [
  { name: "pretrain-70b", gpus: 8, modelType: "llama-3-70b", gpuTypes: ["H100"], line: LONG, priority: 5 },
  { name: "sweep-lora-rank", gpus: 4, modelType: "llama-3-8b", gpuTypes: ["A100"], line: LONG },
];

test("pictures of a fleet at work", async ({ page }) => {
  const server = await FleetServer.start("simulated:8xH100-80GB,4xA100-40GB");
  const api = new Api(server);
  const active = await populate(api);
  try {
    await signIn(page, server);
    await openPage(page, "Fleet");
    await settled(page);
    await page.screenshot({ path: join(DOCS, "dashboard.png") });
    await takeVariants(page);
  } finally {
    // What runs outlives its agent on purpose, so it is ended before the server.
    await Promise.all(active.map((id) => api.cancel(id)));
    await Promise.all(active.map((id) => api.reaches(id, "CANCELLED")));
    await server.remove();
  }
});

async function populate(api: Api): Promise<string[]> {
  for (const [wish, status] of ENDED) await api.reaches(await api.submit(wish), status);
  const active: string[] = [];
  for (const wish of RUNNING) {
    const id = await api.submit(wish);
    await api.reaches(id, "RUNNING");
    active.push(id);
  }
  for (const wish of WAITING) active.push(await api.submit(wish));
  return active;
}

/** The readings have come: the cells of working GPUs show more than nothing. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator("[data-state=working]")).toHaveCount(7);
}

const VARIANTS = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1440, height: 900 },
  { name: "light-390", colorScheme: "light", width: 390, height: 844 },
  { name: "dark-390", colorScheme: "dark", width: 390, height: 844 },
] as const;

async function takeVariants(page: Page): Promise<void> {
  for (const { name, colorScheme, width, height } of VARIANTS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    const shoot = (what: string) => page.screenshot({ path: `test-results/${what}-${name}.png`, fullPage: width < 500 });
    await openPage(page, "Fleet");
    await expect(page.getByRole("heading", { name: "Fleet" })).toBeVisible();
    await shoot("fleet");
    await openPage(page, "Jobs");
    await expect(page.getByRole("link", { name: "pretrain-70b" })).toBeVisible();
    await shoot("jobs");
    await page.getByRole("link", { name: "train-llama-3-8b" }).click();
    await expect(page.getByRole("log")).toContainText("step");
    await shoot("job");
    await openPage(page, "Submit");
    await expect(page.getByRole("heading", { name: "Submit a job" })).toBeVisible();
    await shoot("submit");
  }
}
