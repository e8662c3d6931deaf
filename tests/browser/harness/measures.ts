import type { TestInfo } from "@playwright/test";

/** A figure for people: it stands in the report and on the terminal, and decides nothing, because others may use the machine, too. */
export function tell(info: TestInfo, what: string, figure: string): void {
  info.annotations.push({ type: what, description: figure });
  console.log(`      ${what}: ${figure}`);
}
