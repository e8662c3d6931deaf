// One line of a log as a terminal would have left it: a carriage return overwrites what stood before it, as progress
// bars do; colours become classes; every other control sequence is dropped.
import Anser from "anser";

export interface LogSpan {
  readonly text: string;
  readonly className: string;
}

const ESC = "\\u001b";
const CONTROL_SEQUENCE = new RegExp(
  [
    `${ESC}\\[[0-9;?]*[A-LN-Za-ln-z]`, // the cursor, erasing; everything but colours, which end in m
    `${ESC}\\][^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)`, // window titles and links
    `${ESC}[()][A-Z0-9]`, // character sets
  ].join("|"),
  "g",
);
const CONTROL = /\p{Cc}/gu;

export function renderLine(text: string): LogSpan[] {
  const line = overwritten(text).replace(CONTROL_SEQUENCE, "");
  if (!line.includes("\u001b")) return [{ text: printable(line), className: "" }];
  return Anser.ansiToJson(line, { use_classes: true, remove_empty: true }).map((span) => ({
    text: printable(span.content),
    className: classes(span),
  }));
}

function printable(text: string): string {
  return text.replace(CONTROL, (control) => (control === "\t" ? control : ""));
}

/** What is left of `10 %\r20 %\r`: the last text that was written over the others. */
function overwritten(text: string): string {
  const parts = text.replace(/\r+$/, "").split("\r");
  return parts.at(-1) ?? "";
}

function classes(span: ReturnType<typeof Anser.ansiToJson>[number]): string {
  const decorations = span.decorations.map((decoration) => `ansi-${decoration}`);
  // A foreground from the 256-colour palette has no class of ours and stays in the text's own colour.
  return [span.fg, ...decorations].filter((name) => name !== null && name !== "").join(" ");
}
