import type { Page } from "@playwright/test";
import { FleetServer } from "../../harness/server.ts";
import { PlayedHosts } from "../harness/playedHosts.ts";
import { expect, signIn, test } from "../harness/test.ts";
import { tell } from "../harness/measures.ts";
import { countTasks, framesWhile, longTasks } from "../harness/smoothness.ts";

test("4,096 GPUs are one picture on one screen", async ({ page }, info) => {
  const server = await FleetServer.start("none");
  const hosts = await PlayedHosts.join(server, 512);
  try {
    await countTasks(page);
    const began = Date.now();
    await signIn(page, server);
    const canvas = page.getByRole("grid", { name: "GPUs by host" }).locator("canvas");
    await expect(canvas).toHaveAttribute("data-cells", "4096", { timeout: 60_000 });
    tell(info, "milliseconds to the whole picture", `${Date.now() - began}`);
    const box = await canvas.boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? Infinity)).toBeLessThanOrEqual(900);
    tell(info, "tasks above 50 ms until then", await longTasks(page));
    tell(info, "milliseconds between frames while readings come", await framesWhile(page, 10_000, () => undefined));
    tell(info, "tasks above 50 ms while readings come", await longTasks(page));
    await page.getByRole("searchbox", { name: "Host, type or job" }).fill("node-300");
    await page.getByRole("radio", { name: "Table" }).check({ force: true });
    await expect(page.getByRole("table", { name: "GPUs" })).toHaveAttribute("aria-rowcount", "9");
  } finally {
    await hosts.stop();
    await server.remove();
  }
});

/** A server that is not built for speed, or a machine with other work, wants fewer. */
const JOBS = Number(process.env["GPU_FLEET_SCALE_JOBS"] ?? 100_000);
const OF_EACH = 1000;
const ARRAYS = Math.ceil(JOBS / OF_EACH);

test(`a list of ${JOBS.toLocaleString("en")} jobs is scrolled to its end and back`, async ({ page, server, api }, info) => {
  for (let part = 0; part < ARRAYS; part++) {
    await api.ask("mutation Array($input: SubmitJobsInput!) { submitJobs(input: $input) { jobs { id } } }", {
      input: { jobs: [{ name: `sweep-${part}`, command: ["true"], hold: true }], times: OF_EACH },
    });
  }
  await countTasks(page);
  await signIn(page, server, "/jobs?sort=newest");
  const table = page.getByRole("table", { name: "Jobs" });
  await expect(table.getByRole("link", { name: `sweep-${ARRAYS - 1}`, exact: true }).first()).toBeVisible();
  tell(info, "milliseconds between frames while scrolling", await framesWhile(page, 10_000, () => window.scrollBy(0, 200)));
  tell(info, "tasks above 50 ms while scrolling", await longTasks(page));

  const began = Date.now();
  await toTheEnd(page);
  await expect(table).toHaveAttribute("aria-rowcount", `${ARRAYS * OF_EACH + 1}`);
  await expect(table.getByRole("link", { name: "sweep-0", exact: true }).last()).toBeVisible();
  tell(info, "seconds to the end", `${Math.round((Date.now() - began) / 1000)}`);
  tell(info, "tasks above 50 ms on the way", await longTasks(page));
  expect(await table.locator("tbody tr").count()).toBeLessThan(80);

  // What was passed on the way has been forgotten, and comes again.
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight / 2));
  await expect(table.locator("tbody a").nth(10)).toBeVisible();
  await expect(table.locator("tbody tr[aria-busy=true]")).toHaveCount(0);
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(table.getByRole("link", { name: `sweep-${ARRAYS - 1}`, exact: true }).first()).toBeVisible();
  // Live all the while.
  await api.submit({ name: "the-newest", gpus: 1, line: "true", hold: true });
  await expect(table.getByRole("link", { name: "the-newest" })).toBeVisible();
  tell(info, "tasks above 50 ms on the way back", await longTasks(page));
});

async function toTheEnd(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const rows = (): string | null => document.querySelector("table")?.getAttribute("aria-rowcount") ?? null;
    while (rows() === "-1") {
      window.scrollTo(0, document.documentElement.scrollHeight);
      await new Promise(requestAnimationFrame);
    }
    window.scrollTo(0, document.documentElement.scrollHeight);
  });
}
