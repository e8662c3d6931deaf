// The last hour, day or month, as it stands in the URL.
import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { Segments } from "../ui/controls";
import { type Span, spanOf } from "./history";

const HOUR_MS = 3_600_000;

const RANGES = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  month: 30 * 24 * HOUR_MS,
} as const;

export type Range = keyof typeof RANGES;

const NAMES: ReadonlyArray<readonly [Range, string]> = [
  ["hour", "1 hour"],
  ["day", "1 day"],
  ["month", "30 days"],
];

export function useRange(): { readonly range: Range; readonly span: Span; readonly choose: (range: Range) => void } {
  const [parameters, setParameters] = useSearchParams();
  const range = NAMES.find(([name]) => name === parameters.get("range"))?.[0] ?? "hour";
  const [now] = useState(Date.now);
  const span = useMemo(() => {
    const minute = Math.floor(now / 60_000) * 60_000;
    return spanOf(minute - RANGES[range], undefined, minute);
  }, [range, now]);
  const choose = (next: Range): void => {
    setParameters(
      (before) => {
        if (next === "hour") before.delete("range");
        else before.set("range", next);
        return before;
      },
      { replace: true },
    );
  };
  return { range, span, choose };
}

export function RangeChoice({ range, onChoose }: { readonly range: Range; readonly onChoose: (range: Range) => void }) {
  return <Segments label="Time" value={range} options={NAMES} onChange={onChoose} />;
}
