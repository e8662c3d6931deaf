// How smoothly a page runs. It is told, and never asserted: others may use the machine, too.
import type { Page } from "@playwright/test";

interface Counted {
  longTasks: number[];
}

/** To be called before the page is opened: notes tasks that keep the page from answering for more than 50 ms. */
export async function countTasks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const longTasks: number[] = [];
    Object.assign(window, { longTasks });
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  });
}

/** Those since the page was opened or this was asked last. */
export async function longTasks(page: Page): Promise<string> {
  const durations = await page.evaluate(() => (window as unknown as Counted).longTasks.splice(0));
  if (durations.length === 0) return "none";
  return `${durations.length}, the longest ${Math.round(Math.max(...durations))} ms`;
}

/** The gaps between frames, while something is done before each of them. */
export async function framesWhile(page: Page, milliseconds: number, before: () => void): Promise<string> {
  const gaps = await page.evaluate(
    async ({ length, text }) => {
      const act = new Function(`(${text})()`);
      const found: number[] = [];
      const end = performance.now() + length;
      for (let last = performance.now(); last < end; ) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        found.push(now - last);
        last = now;
        act();
      }
      return found.sort((a, b) => a - b);
    },
    { length: milliseconds, text: before.toString() },
  );
  const at = (part: number): string => (gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))] ?? 0).toFixed(0);
  return `median ${at(0.5)}, 95 % within ${at(0.95)}, all within ${at(1)}`;
}
