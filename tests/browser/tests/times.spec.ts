import { expect, signIn, test } from "../harness/test.ts";

test.use({ timezoneId: "America/New_York" });

test("times are told as they are here, or in UTC, and the choice is kept", async ({ page, server, api }) => {
  const id = await api.submit({ name: "timed", gpus: 1, line: "true", hold: true });
  await signIn(page, server, `/jobs/${id}`);
  await expect(page).toHaveTitle("timed, held · GPU Fleet");
  const submitted = page.getByRole("region", { name: "Timeline" }).locator("time").first();
  const instant = new Date((await submitted.getAttribute("datetime")) ?? "");
  const clock = (timeZone: string): string => instant.toLocaleTimeString("en-GB", { timeZone });
  await expect(submitted).toHaveText(new RegExp(`${clock("America/New_York")}$`));
  await page.getByRole("button", { name: /show UTC instead/ }).click();
  await expect(submitted).toHaveText(new RegExp(`${clock("UTC")}$`));
  await page.reload();
  await expect(submitted).toHaveText(new RegExp(`${clock("UTC")}$`));
});
