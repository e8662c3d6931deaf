// The film of `gpu-fleet demo`, as it is seen in a terminal and in the dashboard at the same time, and a picture of `gpu-fleet top`.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetServer } from "../../harness/server.ts";
import { Api } from "../harness/api.ts";
import { Terminal } from "../harness/terminal.ts";
import { expect, test } from "../harness/test.ts";
import { atWork, endAll } from "./atWork.ts";
import { Recorder, SCALE, Stage, WIDTH, writeFilm } from "./film.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
const SIZE = { columns: 110, rows: 23 };
const PAGE_HEIGHT = 540;

test("the demonstration, from its command to the last process that is gone", async ({ browser }) => {
  const terminal = await Terminal.open(SIZE);
  const context = await browser.newContext({ viewport: { width: WIDTH, height: PAGE_HEIGHT }, deviceScaleFactor: SCALE, colorScheme: "dark" });
  const dashboard = await context.newPage();
  try {
    await terminal.type("gpu-fleet demo");
    await dashboard.goto(await signInLink(terminal));
    await expect(dashboard.locator("[data-gpu-status]")).toHaveCount(8);
    const recorder = new Recorder(terminal, dashboard);
    await expect.poll(() => terminal.lines(), { timeout: 120_000 }).toContain("data directory removed");
    await expect(dashboard.getByText("Live updates stopped")).toBeVisible();
    const moments = await recorder.stop();
    const stage = await Stage.set(browser, SIZE, PAGE_HEIGHT);
    const frames = await stage.film(moments);
    await stage.close();
    await writeFilm(frames, join(DOCS, "demo.webp"));
  } finally {
    await context.close();
    await terminal.close();
  }
});

test("the live picture in a terminal", async ({ browser }) => {
  const server = await FleetServer.start("simulated:8xH100-80GB,4xA100-40GB");
  const terminal = await Terminal.open(SIZE, { GPU_FLEET_SERVER: server.origin, GPU_FLEET_TOKEN: server.token });
  const api = new Api(server);
  const jobs = await atWork(api);
  try {
    await terminal.type("gpu-fleet top");
    await expect.poll(() => terminal.screen(), { message: "the cards of running jobs are at work" }).toMatch(/[1-9]\d ?%/);
    // To the first job that waits: all that it waits for is told below.
    for (let row = 0; row < 4; row++) await terminal.press("j");
    await expect.poll(() => terminal.screen()).toContain("of default by root, waiting");
    const stage = await Stage.set(browser, SIZE, 0);
    await writeFile(join(DOCS, "top.png"), await stage.draw(await terminal.screen()));
    await stage.close();
  } finally {
    await terminal.close();
    await endAll(api, jobs);
    await server.remove();
  }
});

async function signInLink(terminal: Terminal): Promise<string> {
  const found = async (): Promise<string | undefined> => /Dashboard: (\S+)/.exec(await terminal.lines())?.[1];
  await expect.poll(found, { timeout: 60_000 }).toBeDefined();
  return (await found()) ?? "";
}
