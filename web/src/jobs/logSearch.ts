// Finding text in the lines that are kept, whatever the case and without the colours.
import type { LogRing } from "./logRing";
import type { LogSpan } from "./logText";

// The escape character has no other way into a pattern that the linter lets pass.
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Indices of the lines that hold it, from the oldest on. */
export function matchingLines(ring: LogRing, wanted: string): number[] {
  if (wanted === "") return [];
  const needle = wanted.toLowerCase();
  const found: number[] = [];
  for (let index = 0; index < ring.length; index++) {
    const text = ring.at(index)?.text ?? "";
    if (text.replace(COLOUR, "").toLowerCase().includes(needle)) found.push(index);
  }
  return found;
}

export interface MarkedSpan extends LogSpan {
  readonly marked: boolean;
}

/** Cuts the spans of a line where what was searched begins and ends. */
export function markMatches(spans: readonly LogSpan[], wanted: string): MarkedSpan[] {
  if (wanted === "") return spans.map((span) => ({ ...span, marked: false }));
  const needle = wanted.toLowerCase();
  return spans.flatMap((span) => cut(span, needle));
}

function cut(span: LogSpan, needle: string): MarkedSpan[] {
  const lower = span.text.toLowerCase();
  const parts: MarkedSpan[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, from)) {
    if (at > from) parts.push({ ...span, text: span.text.slice(from, at), marked: false });
    parts.push({ ...span, text: span.text.slice(at, at + needle.length), marked: true });
    from = at + needle.length;
  }
  if (from < span.text.length) parts.push({ ...span, text: span.text.slice(from), marked: false });
  return parts;
}
