import { expect, expectSameDocument, markDocument, openPage, signIn, test } from "../harness/test.ts";

test("a page whose server was killed says so, and catches up by itself when the server is back", async ({ dashboard: page, server, api }) => {
  await openPage(page, "Jobs");
  await expect(page.getByText("No jobs yet").first()).toBeVisible();
  await markDocument(page);

  await server.kill();
  const warning = page.getByRole("status").filter({ hasText: "Live updates stopped at" });
  await expect(warning).toBeVisible();
  await expect(page.getByText("LIVE", { exact: true })).toBeHidden();

  await server.restart();
  const job = await api.submit({ name: "meanwhile", gpus: 1, line: "echo done" });
  await api.reaches(job, "SUCCEEDED");
  await expect(page.getByText("LIVE", { exact: true })).toBeVisible();
  await expect(warning).toBeHidden();
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "meanwhile" }) });
  await expect(row.locator("[data-status]")).toHaveAttribute("data-status", "SUCCEEDED");
  await expectSameDocument(page);
});

test("a page whose stream begins late misses nothing that happened before it", async ({ page, server, api }) => {
  // Requests for changes of jobs reach the server only after a whole job has come and gone.
  const held: (() => void)[] = [];
  let holds = true;
  await page.routeWebSocket(/\/graphql/, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((message) => {
      if (holds && String(message).includes("subscription JobUpdates")) held.push(() => upstream.send(message));
      else upstream.send(message);
    });
  });
  await signIn(page, server);
  await openPage(page, "Jobs");
  await expect(page.getByText("No jobs yet").first()).toBeVisible();
  await api.reaches(await api.submit({ name: "in-between", gpus: 1, line: "true" }), "SUCCEEDED");
  holds = false;
  held.forEach((send) => send());
  await expect(page.getByRole("link", { name: "in-between" })).toBeVisible();
});
