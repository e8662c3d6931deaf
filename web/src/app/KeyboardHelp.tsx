// The keys, and the switch that turns them off. Opened by ? and by its button.
import { useLocation } from "wouter";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { shortcutsOn, switchShortcuts, useShortcuts } from "../ui/shortcuts";
import { useCell } from "../ui/useCell";
import styles from "./KeyboardHelp.module.css";
import { useWorkspace } from "./LiveContext";
import { pagesFor } from "./pages";

const KEYS: ReadonlyArray<readonly [keys: string, what: string]> = [
  ["Ctrl K", "search and commands, anywhere"],
  ["/", "search on this page"],
  ["j  k", "next and previous row"],
  ["x", "select the row"],
  ["Enter", "open the row"],
  ["Esc", "back from a job, a GPU or a host to the list"],
  ["[  ]", "previous and next tab or panel"],
  ["l", "the log of the job"],
  ["w", "why the job waits"],
  ["c", "copy the id of the job, GPU or host"],
  [".", "pause and resume live updates"],
  ["?", "this help"],
];

interface Props {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

export function KeyboardHelp({ open, onOpen: setOpen }: Props) {
  const [, go] = useLocation();
  const pages = pagesFor(useWorkspace().viewer.role);
  useShortcuts({
    ...Object.fromEntries(pages.map(({ href, key }) => [`g ${key}`, () => go(href)])),
    "/": focusSearch,
    "?": () => setOpen(true),
  });
  const keys = [...pages.map(({ key, name }) => [`g ${key}`, `go to ${name}`] as const), ...KEYS];
  return (
    <>
      <Button kind="quiet" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => setOpen(true)}>
        ?
      </Button>
      {open && (
        <Dialog title="Keyboard" onClose={() => setOpen(false)} actions={<Button onClick={() => setOpen(false)}>Close</Button>}>
          <dl className={styles.keys}>
            {keys.map(([key, what]) => (
              <div key={key} className={styles.row}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <Switch />
        </Dialog>
      )}
    </>
  );
}

function Switch() {
  const on = useCell(shortcutsOn);
  return (
    <label className={styles.switch}>
      <input type="checkbox" checked={on} onChange={(event) => switchShortcuts(event.target.checked)} /> Use these keys
    </label>
  );
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>("[data-shortcut=search]")?.focus();
}
