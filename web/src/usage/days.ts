// Days as the reader counts them, here or in UTC, and the GPU-hours of each.
import type { TimeZone } from "../app/timeZone";
import type { UsageOfDaysFragment } from "../generated/graphql";

/** The last so many days up to today, oldest first: the instant at which each begins. */
export function lastDays(count: number, now: Date, zone: TimeZone): Date[] {
  return Array.from({ length: count }, (_, index) => startOfDay(now, index + 1 - count, zone));
}

/** Midnight so many days from this one. Through the calendar, because a day may have 23 or 25 hours. */
export function startOfDay(now: Date, offset: number, zone: TimeZone): Date {
  return zone === "utc"
    ? new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + offset))
    : new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset);
}

/** As a calendar writes it, for tables and files: 2030-01-31. */
export function dayName(day: Date, zone: TimeZone): string {
  return day.toLocaleDateString("sv-SE", zone === "utc" ? { timeZone: "UTC" } : {});
}

export const DAYS_AT_ONCE = 10;

export type DayBounds = Readonly<Record<`d${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`, string>>;

/** Eleven instants: the beginnings of ten days, and where the last ends. */
export function bounds(now: Date, daysAgo: number, zone: TimeZone): DayBounds {
  const at = (index: number): string => startOfDay(now, index + 1 - daysAgo, zone).toISOString();
  return { d0: at(0), d1: at(1), d2: at(2), d3: at(3), d4: at(4), d5: at(5), d6: at(6), d7: at(7), d8: at(8), d9: at(9), d10: at(10) };
}

const SECONDS_PER_HOUR = 3600;

export function gpuHours(usage: UsageOfDaysFragment): number[] {
  const { day0, day1, day2, day3, day4, day5, day6, day7, day8, day9 } = usage;
  return [day0, day1, day2, day3, day4, day5, day6, day7, day8, day9].map((seconds) => {
    // A sum over nothing may come as -0.
    return seconds === 0 ? 0 : seconds / SECONDS_PER_HOUR;
  });
}

export interface OrganizationDays {
  readonly slug: string;
  readonly name: string;
  /** GPU-hours, the oldest day first. */
  readonly hours: readonly number[];
}

export function total(hours: readonly number[]): number {
  return hours.reduce((sum, one) => sum + one, 0);
}

/** One line for each organization and day. */
export function toCsv(days: readonly string[], organizations: readonly OrganizationDays[]): string {
  const lines = organizations.flatMap(({ slug, hours }) => days.map((day, index) => `${slug},${day},${(hours[index] ?? 0).toFixed(4)}`));
  return ["organization,day,gpu_hours_allocated", ...lines].join("\n") + "\n";
}
