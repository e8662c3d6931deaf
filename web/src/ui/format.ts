// Numbers and times as people read them. What is unknown is a dash, never a zero.
import { type TimeZone, timeZone } from "../app/timeZone";

export const UNKNOWN = "–";
const MIB_PER_GIB = 1024;
const COUNT = new Intl.NumberFormat("en");

/** Two units at most: 42 s, 3 min 05 s, 2 h 10 min, 5 d 3 h. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** For a span that has ended: below a second its milliseconds say more than a zero, and nothing takes no time at all. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 0 || milliseconds >= 1000) return formatDuration(milliseconds);
  return milliseconds < 1 ? "under 1 ms" : `${Math.round(milliseconds)} ms`;
}

/** One unit only, because the exact time is in the title: 5 s ago, 3 min ago, 2 h ago, 5 d ago. */
export function formatAgo(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function formatMemory(mib: number | null | undefined): string {
  return mib === null || mib === undefined ? UNKNOWN : `${gibibytes(mib)} GiB`;
}

export function formatMemoryUse(usedMib: number | null | undefined, totalMib: number): string {
  return `${usedMib === null || usedMib === undefined ? UNKNOWN : gibibytes(usedMib)} / ${formatMemory(totalMib)}`;
}

export function formatPercent(percent: number | null | undefined): string {
  return percent === null || percent === undefined ? UNKNOWN : `${Math.round(percent)} %`;
}

export function formatTemperature(celsius: number | null | undefined): string {
  return celsius === null || celsius === undefined ? UNKNOWN : `${Math.round(celsius)} °C`;
}

export function formatPower(watts: number | null | undefined): string {
  return watts === null || watts === undefined ? UNKNOWN : `${Math.round(watts)} W`;
}

/** Nobody compares counts beyond this many digit by digit. */
export function formatCount(count: number): string {
  return count > 99_999 ? `${COUNT.format(Math.floor(count / 1000))}k` : COUNT.format(count);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${COUNT.format(count)} ${count === 1 ? one : many}`;
}

/** GPUs may be shared, so counts of them may have a fraction: 4, 2.5. */
export function formatGpus(gpus: number): string {
  return gpus.toLocaleString("en", { maximumFractionDigits: 2 });
}

/** The time of day; of another day, its date too. */
export function formatClock(instant: string | number): string {
  const moment = new Date(instant);
  const { clock, dayAndMonth } = writers();
  return sameDay(moment, new Date()) ? clock.format(moment) : `${dayAndMonth.format(moment)}, ${clock.format(moment)}`;
}

export function formatInstant(instant: string): string {
  return writers().whole.format(new Date(instant));
}

function sameDay(a: Date, b: Date): boolean {
  const { date } = writers();
  return date.format(a) === date.format(b);
}

/** Made once for each zone: making one costs more than a row of a table. */
const made = new Map<TimeZone, ReturnType<typeof makeWriters>>();

function writers(): ReturnType<typeof makeWriters> {
  const zone = timeZone();
  const known = made.get(zone) ?? makeWriters(zone);
  made.set(zone, known);
  return known;
}

function makeWriters(zone: TimeZone) {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-GB", zone === "utc" ? { ...options, timeZone: "UTC" } : options);
  return {
    clock: format({ timeStyle: "medium" }),
    date: format({ dateStyle: "short" }),
    dayAndMonth: format({ day: "numeric", month: "short" }),
    whole: format({ dateStyle: "medium", timeStyle: "long" }),
  };
}

/** The maker's name says nothing where every card is the same maker's. */
export function shortGpuType(gpuType: string): string {
  return gpuType.replace(/^NVIDIA\s+(GeForce\s+)?/i, "");
}

/** The card alone, where something beside it says that it is simulated. */
export function cardName(gpuType: string): string {
  return shortGpuType(gpuType).replace(/\s*\(simulated\)$/i, "");
}

/** Enough of an opaque id to tell two apart; the random part of our ids is at their end. */
export function shortId(id: string): string {
  const plain = id.replace(/[^A-Za-z0-9]/g, "");
  return plain.length <= 8 ? plain : plain.slice(-8);
}

function gibibytes(mib: number): string {
  const gib = mib / MIB_PER_GIB;
  return gib >= 10 || gib === 0 ? Math.round(gib).toString() : gib.toFixed(1);
}

function two(value: number): string {
  return value.toString().padStart(2, "0");
}
