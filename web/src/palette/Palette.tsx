// Ctrl K: goes anywhere and does anything that costs nothing, by typing a part of its name. Keys move through the answers while
// the focus stays in the field, as in any list box that is filled from a text field.
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button } from "../ui/Button";
import { plural } from "../ui/format";
import { groupBy } from "../ui/groupBy";
import styles from "./Palette.module.css";
import { answers, type Entry, stepped } from "./ranking";
import { type Commands, useEntries } from "./useEntries";
import { useFoundJobs } from "./useFoundJobs";

const MAC = /mac|iphone|ipad/i.test(navigator.userAgent);
const KEY_NAME = MAC ? "⌘ K" : "Ctrl K";

export function PaletteButton(commands: Commands) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    // With a modifier it is no single letter: it works everywhere, in fields too, whatever is switched off.
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || event.altKey || event.shiftKey || !(MAC ? event.metaKey : event.ctrlKey)) return;
      event.preventDefault();
      setOpen((before) => before || document.querySelector("dialog[open]") === null);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <Button kind="quiet" aria-keyshortcuts={MAC ? "Meta+K" : "Control+K"} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round">
          <circle cx="7" cy="7" r="4.5" />
          <path d="M10.5 10.5L14 14" />
        </svg>
        <span className="visually-hidden">Search everywhere</span>
        <kbd className={styles.key}>{KEY_NAME}</kbd>
      </Button>
      {open && <Palette {...commands} onClose={() => setOpen(false)} />}
    </>
  );
}

function Palette({ onClose, ...commands }: Commands & { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const { jobs, asking } = useFoundJobs(text);
  const entries = useEntries(jobs, commands);
  const found = useMemo(() => answers(entries, text), [entries, text]);
  const active = found[Math.min(at, found.length - 1)];
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const run = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt(stepped(Math.min(at, found.length - 1), step, found.length));
    else if (event.key === "Enter" && !event.nativeEvent.isComposing) run(active);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      className={styles.palette}
      aria-label="Search everywhere"
      onCancel={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={styles.inside}>
        <input
          className={styles.input}
          role="combobox"
          aria-label="Search for jobs, hosts, GPUs, pages and commands"
          aria-expanded="true"
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={active === undefined ? undefined : optionId(list, active)}
          placeholder="Job, host, GPU, page or command"
          autoFocus
          autoComplete="off"
          spellCheck={false}
          value={text}
          onKeyDown={onKey}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
        />
        <p className="visually-hidden" role="status">
          {asking ? "Searching" : plural(found.length, "result")}
        </p>
        <Answers id={list} found={found} active={active} onRun={run} />
        {found.length === 0 && <p className={styles.none}>{asking ? "Searching…" : "Nothing is called so. Jobs are found by a part of their name or by their whole id."}</p>}
      </div>
    </dialog>
  );
}

interface AnswersProps {
  readonly id: string;
  readonly found: readonly Entry[];
  readonly active: Entry | undefined;
  readonly onRun: (entry: Entry) => void;
}

function Answers({ id, found, active, onRun }: AnswersProps) {
  return (
    <div id={id} className={styles.list} role="listbox" aria-label="Results" data-empty={found.length === 0}>
      {[...groupBy(found, ({ group }) => group)].map(([group, entries]) => (
        <div key={group} role="group" aria-label={group}>
          <p className={styles.group} aria-hidden="true">
            {group}
          </p>
          {entries.map((entry) => (
            <Option key={entry.id} id={optionId(id, entry)} entry={entry} active={entry.id === active?.id} onRun={onRun} />
          ))}
        </div>
      ))}
    </div>
  );
}

interface OptionProps {
  readonly id: string;
  readonly entry: Entry;
  readonly active: boolean;
  readonly onRun: (entry: Entry) => void;
}

function Option({ id, entry, active, onRun }: OptionProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) element.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <div ref={element} id={id} role="option" className={styles.option} aria-selected={active} onClick={() => onRun(entry)}>
      <span className={styles.name} dir="auto">
        {entry.name}
      </span>
      {entry.hint !== undefined && <span className={styles.hint}>{entry.hint}</span>}
    </div>
  );
}

function optionId(list: string, entry: Entry): string {
  return `${list}-${entry.id.replaceAll(/[^\w-]/g, "_")}`;
}
