import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, signIn, test } from "../harness/test.ts";

const COLOURFUL = 'printf "\\033[31mred\\033[0m loss 1\\n"; for n in $(seq 2 400); do echo "loss $n"; done; echo the end';

test("the log is searched, coloured and saved", async ({ page, server, api }) => {
  const id = await api.submit({ name: "wordy", gpus: 1, line: COLOURFUL });
  await api.reaches(id, "SUCCEEDED");
  await signIn(page, server, `/jobs/${id}`);
  const log = page.getByRole("log", { name: "Job log" });
  await expect(page.getByText("401 lines, complete")).toBeVisible();
  await expect(log).toContainText("the end");

  await page.getByRole("searchbox", { name: "Search the log" }).fill("RED loss");
  await expect(page.getByText("1 line", { exact: true })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(log.locator(".ansi-red")).toHaveText("red");
  await page.getByRole("searchbox", { name: "Search the log" }).fill("loss 2");
  await page.keyboard.press("Enter");
  await expect(page.getByText("1 of 111 lines")).toBeVisible();
  await expect(log.locator("mark").first()).toHaveText("loss 2");

  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save" }).click()]);
  expect(saved.suggestedFilename()).toBe("wordy.log");
  const text = await readFile(await saved.path(), "utf8");
  expect(text.trimEnd().split("\n")).toHaveLength(401);
});

test("a job that failed is retried, and cloned with changes", async ({ page, server, api }) => {
  const id = await api.submit({ name: "unlucky", gpus: 1, line: "exit 3", modelType: "bert", labels: [{ key: "team", value: "nlp" }] });
  await api.reaches(id, "FAILED");
  await signIn(page, server, `/jobs/${id}`);
  await expect(page.getByRole("region", { name: "Attempts" })).toContainText("gpu-a01:");

  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(page.getByRole("definition").filter({ hasText: "unlucky" })).toBeVisible();

  await page.getByRole("link", { name: "Clone with changes" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("unlucky");
  await expect(page.getByLabel("Model type")).toHaveValue("bert");
  await expect(page.getByLabel("Labels", { exact: true })).toHaveValue("team=nlp");
  await page.getByLabel("Command").fill("exit 0");
  const same = page.getByLabel("The same submission");
  await expect(same).toContainText("gpu-fleet submit --name unlucky --model-type bert --gpus 1 --label team=nlp -- /bin/sh -c 'exit 0'");
  await page.getByRole("button", { name: "Submit job" }).click();
  await expect(page.getByRole("status", { name: "Job status" }).locator("[data-status]")).toHaveAttribute("data-status", "SUCCEEDED");
});

test("a held job is let go", async ({ page, server, api }) => {
  const id = await api.submit({ name: "patient", gpus: 1, line: "true", hold: true });
  await signIn(page, server, `/jobs/${id}`);
  await expect(page.getByRole("list", { name: "Blockers" })).toContainText("HELD");
  await page.getByRole("button", { name: "Let it go" }).click();
  await expect(page.getByRole("status", { name: "Job status" }).locator("[data-status]")).toHaveAttribute("data-status", "SUCCEEDED");
});

test("of a long log the newest lines are kept, and all of it is searched and saved", async ({ page, server, api }) => {
  const id = await api.submit({ name: "long", gpus: 1, line: "echo the needle; seq 25000" });
  await api.reaches(id, "SUCCEEDED");
  await signIn(page, server, `/jobs/${id}`);
  await expect(page.getByText("20,000 lines, complete")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("5,001 earlier lines not kept here")).toBeVisible();
  await page.getByRole("searchbox", { name: "Search the log" }).fill("NEEDLE");
  await expect(page.getByText("no match")).toBeVisible();
  await page.getByRole("button", { name: "Look in the whole log" }).click();
  await expect(page.getByRole("region", { name: "Found in the whole log" }).getByRole("listitem")).toHaveText([/the needle/]);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save" }).click()]);
  const text = await readFile(await saved.path(), "utf8");
  expect(text.trimEnd().split("\n")).toHaveLength(25_001);
});

test("a job that rests after a failure is tried again at once, and each attempt has its log", async ({ page, server, api }) => {
  const gate = join(server.folder, "second");
  const { submitJob } = await api.ask<{ submitJob: { job: { id: string } } }>("mutation Submit($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }", {
    input: { name: "again", maxRetries: 1, retryPauseSeconds: 3600, command: ["/bin/sh", "-c", `[ -e '${gate}' ] && echo second attempt && exit 0; echo first attempt; exit 1`] },
  });
  await signIn(page, server, `/jobs/${submitJob.job.id}`);
  await expect(page.getByRole("list", { name: "Blockers" })).toContainText("RETRY_PAUSE");
  await writeFile(gate, "");
  await page.getByRole("button", { name: "Try it again now" }).click();
  await expect(page.getByRole("status", { name: "Job status" }).locator("[data-status]")).toHaveAttribute("data-status", "SUCCEEDED");
  const log = page.getByRole("log", { name: "Job log" });
  await expect(log).toContainText("first attempt");
  await expect(log).toContainText("second attempt");
  await page.getByLabel("Attempt", { exact: true }).selectOption("Attempt 2");
  await expect(log).toContainText("second attempt");
  await expect(log).not.toContainText("first attempt");
});
