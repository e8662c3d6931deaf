/** Over plain HTTP from another machine browsers offer no clipboard; a selected text can be copied all the same. */
export async function writeClipboard(text: string): Promise<void> {
  // Typed as always there, which it is not.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) return clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not let this page copy");
}
