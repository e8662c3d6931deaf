// Searches the log: Enter goes to the next match, Shift+Enter to the one before.
import type { KeyboardEvent } from "react";
import { Button } from "../ui/Button";
import { plural } from "../ui/format";
import { SearchField } from "../ui/controls";
import styles from "./LogSearch.module.css";

interface Props {
  readonly wanted: string;
  readonly onWanted: (wanted: string) => void;
  readonly found: number;
  /** Which of the matches is looked at, from 0; undefined: none yet. */
  readonly current: number | undefined;
  readonly onStep: (step: 1 | -1) => void;
}

export function LogSearch({ wanted, onWanted, found, current, onStep }: Props) {
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    onStep(event.shiftKey ? -1 : 1);
  };
  const words = found === 0 ? "no match" : current === undefined ? plural(found, "line") : `${current + 1} of ${plural(found, "line")}`;
  return (
    <span className={styles.search} onKeyDown={onKey}>
      <SearchField label="Search the log" value={wanted} onChange={onWanted} />
      {wanted !== "" && (
        <>
          <span role="status">{words}</span>
          <Button kind="quiet" aria-label="Match before" disabled={found === 0} onClick={() => onStep(-1)}>
            ↑
          </Button>
          <Button kind="quiet" aria-label="Next match" disabled={found === 0} onClick={() => onStep(1)}>
            ↓
          </Button>
        </>
      )}
    </span>
  );
}
