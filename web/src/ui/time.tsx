// Times that go on by themselves. Each renders again only when its text changes.
import { useSyncExternalStore } from "react";
import { clock } from "../live/clock";
import { formatAgo, formatDuration, formatInstant, formatSpan } from "./format";

/** The text that depends on the present. */
export function useClockText(textAt: (now: number) => string): string {
  return useSyncExternalStore(clock.subscribe, () => textAt(clock.now()));
}

export function RelativeTime({ at }: { readonly at: string }) {
  const text = useClockText((now) => formatAgo(now - Date.parse(at)));
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {text}
    </time>
  );
}

export function Duration({ from, until }: { readonly from: number; readonly until: number | undefined }) {
  const text = useClockText((now) => (until === undefined ? formatDuration(now - from) : formatSpan(until - from)));
  return <>{text}</>;
}
