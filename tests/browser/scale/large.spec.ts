import { FleetServer } from "../../harness/server.ts";
import { PlayedHosts } from "../harness/playedHosts.ts";
import { expect, signIn, test } from "../harness/test.ts";

test("4,096 GPUs are one picture on one screen", async ({ page }, info) => {
  const server = await FleetServer.start("none");
  const hosts = await PlayedHosts.join(server, 512);
  try {
    await page.goto("about:blank");
    const began = Date.now();
    await signIn(page, server);
    const canvas = page.getByRole("grid", { name: "GPUs by host" }).locator("canvas");
    await expect(canvas).toHaveAttribute("data-cells", "4096", { timeout: 60_000 });
    info.annotations.push({ type: "milliseconds to the whole picture", description: `${Date.now() - began}` });
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(900);
    await page.getByRole("searchbox", { name: "Host, type or job" }).fill("node-300");
    await page.getByRole("radio", { name: "Table" }).check({ force: true });
    await expect(page.getByRole("table", { name: "GPUs" })).toHaveAttribute("aria-rowcount", "9");
  } finally {
    await hosts.stop();
    await server.remove();
  }
});

test("a list of 10,000 jobs is scrolled to its end", async ({ page, server, api }, info) => {
  for (let part = 0; part < 10; part++) {
    await api.submitAll(Array.from({ length: 1000 }, (_, index) => ({ name: `job-${part}-${index}`, gpus: 1, line: "true", hold: true })));
  }
  await signIn(page, server, "/jobs?sort=newest");
  const table = page.getByRole("table", { name: "Jobs" });
  await expect(table).toBeVisible();
  const gaps = await page.evaluate(async () => {
    const found: number[] = [];
    const end = performance.now() + 10_000;
    for (let last = performance.now(); last < end; ) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      found.push(now - last);
      last = now;
      window.scrollBy(0, 200);
    }
    return found.sort((a, b) => a - b);
  });
  const at = (part: number): string => (gaps[Math.floor(gaps.length * part)] ?? 0).toFixed(0);
  info.annotations.push({ type: "milliseconds between frames: median, 95 %", description: `${at(0.5)}, ${at(0.95)}` });
  await expect(async () => {
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await expect(page.getByRole("link", { name: "job-0-0", exact: true })).toBeVisible({ timeout: 200 });
  }).toPass({ timeout: 200_000, intervals: [50] });
  expect(await table.locator("tbody tr").count()).toBeLessThan(80);
});

