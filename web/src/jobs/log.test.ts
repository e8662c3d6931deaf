import { describe, expect, test } from "vitest";
import { LogRing } from "./logRing";
import { markMatches, matchingLines } from "./logSearch";
import { renderLine } from "./logText";

const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ cursor: `${from + index}`, at: "", stream: "STDOUT" as const, text: `line ${from + index}` }));

describe("the log ring", () => {
  test("keeps the newest lines and counts the dropped ones", () => {
    const ring = new LogRing(3);
    ring.push(lines(0, 5));
    expect([ring.length, ring.dropped, ring.at(0)?.text, ring.at(2)?.text]).toEqual([3, 2, "line 2", "line 4"]);
  });

  test("numbers a line once and for all, however many were dropped before it", () => {
    const ring = new LogRing(3);
    for (let from = 0; from < 50; from++) ring.push(lines(from, 1));
    expect([ring.at(0)?.number, ring.at(2)?.number, ring.dropped]).toEqual([47, 49, 47]);
    expect(ring.text()).toBe("line 47\nline 48\nline 49\n");
  });

  test("has nothing outside its ends", () => {
    const ring = new LogRing(3);
    ring.push(lines(0, 1));
    expect([ring.at(1), ring.dropped]).toEqual([undefined, 0]);
  });
});

describe("a line of a log", () => {
  const text = (line: string) => renderLine(line).map((span) => span.text).join("");

  test.each([
    ["plain", "plain"],
    ["10 %\r20 %\r30 %", "30 %"],
    ["done\r", "done"],
    ["\u001b[2K\u001b[1Gcleared", "cleared"],
    ["\u001b]0;title\u0007shown", "shown"],
    ["bell\u0007 and\ttab\u0000", "bell and\ttab"],
    ["\u001b[31mred\u001b[0m plain", "red plain"],
    ["a < b && c > d", "a < b && c > d"],
  ])("%j reads as %j", (line, expected) => {
    expect(text(line)).toBe(expected);
  });

  test("colours become classes", () => {
    expect(renderLine("\u001b[1;31mbad\u001b[0m ok")).toEqual([
      { text: "bad", className: "ansi-red ansi-bold" },
      { text: " ok", className: "" },
    ]);
  });
});

describe("searching the log", () => {
  const ring = new LogRing(3);
  ring.push(["dropped Loss", "loss 1", "\u001b[1mLO\u001b[0mSS 2", "other"].map((text, index) => ({ cursor: `${index}`, at: "", stream: "STDOUT", text })));

  test("finds lines whatever the case and the colours, among those that are kept", () => {
    expect(matchingLines(ring, "loss")).toEqual([0, 1]);
    expect(matchingLines(ring, "")).toEqual([]);
  });

  test("marks each match and keeps the colours", () => {
    const spans = [{ text: "loss and Loss", className: "ansi-red" }];
    expect(markMatches(spans, "LOSS").map(({ text, marked }) => [text, marked])).toEqual([["loss", true], [" and ", false], ["Loss", true]]);
    expect(markMatches(spans, "").map(({ text, marked }) => [text, marked])).toEqual([["loss and Loss", false]]);
  });
});
