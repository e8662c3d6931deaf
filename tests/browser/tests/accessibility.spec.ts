// Every page in both themes: no violation that axe finds, no sideways scroll on a phone, no complaint on the console, no
// request beyond the server.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import type { Api } from "../harness/api.ts";
import { expect, signIn, test } from "../harness/test.ts";
import { watchPage } from "../harness/watch.ts";

const THEMES = ["light", "dark"] as const;
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1440, height: 900 };

for (const theme of THEMES) {
  test(`every page is accessible in the ${theme} theme, at a desk and on a phone`, async ({ page, server, api }) => {
    // Some sixteen pages.
    test.setTimeout(180_000);
    const watch = watchPage(page, server.origin);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const paths = await populate(api);
    await signIn(page, server);
    for (const path of paths) {
      await page.goto(server.origin + path);
      await settled(page);
      for (const size of [DESK, PHONE]) {
        await page.setViewportSize(size);
        await noSidewaysScroll(page, `${path} at ${size.width} px`);
      }
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${path}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
      await page.setViewportSize(DESK);
    }
    expect(watch).toEqual({ foreign: [], errors: [] });
  });
}

test("dialogs and the sign-in page are accessible", async ({ page, server, api }) => {
  await page.goto(server.origin);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await accessible(page);
  const id = await api.submit({ name: "held", gpus: 1, line: "true", hold: true });
  await signIn(page, server, `/jobs/${id}`);
  await page.getByRole("button", { name: "Change priority" }).click();
  await accessible(page);
  await page.getByRole("button", { name: "Leave it as it is" }).click();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await accessible(page);
});

/** Running, waiting and failed jobs with long names, and the addresses of all pages. */
async function populate(api: Api): Promise<readonly string[]> {
  const running = await api.submit({ name: "running", gpus: 2, line: "echo hello; exec sleep 120", labels: [{ key: "team", value: "nlp" }] });
  const failed = await api.submit({ name: "a-name-of-sixty-three-characters-that-no-column-was-made-for-xyz", gpus: 1, line: "exit 3" });
  await api.submit({ name: "اسم من اليمين إلى اليسار", gpus: 1, hold: true });
  await api.submit({ name: "长名字的训练任务", gpus: 4, line: "true" });
  await api.reaches(running, "RUNNING");
  await api.reaches(failed, "FAILED");
  const { gpus } = await api.ask<{ gpus: { nodes: { id: string; host: { id: string } }[] } }>("{ gpus(first: 1) { nodes { id host { id } } } }");
  const [gpu] = gpus.nodes;
  return [
    "/fleet",
    "/fleet?view=table",
    `/fleet?gpu=${gpu?.id ?? ""}`,
    `/fleet/gpus/${gpu?.id ?? ""}`,
    `/fleet/hosts/${gpu?.host.id ?? ""}`,
    "/jobs",
    `/jobs/${running}`,
    `/jobs/${failed}`,
    "/queue",
    "/usage",
    "/submit",
    "/admin/organizations",
    "/admin/keys",
    "/admin/hosts",
    "/admin/audit",
    "/nowhere",
  ];
}

async function settled(page: Page): Promise<void> {
  await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
  await expect(page.getByText(/^Loading/)).toHaveCount(0);
}

async function noSidewaysScroll(page: Page, where: string): Promise<void> {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(beyond, `${where} scrolls sideways`).toBeLessThanOrEqual(0);
}

async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}
