// Only the lines in sight are in the page, however long the log is.
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "../ui/Button";
import { formatInstant } from "../ui/format";
import styles from "./JobLog.module.css";
import type { Line, LogRing } from "./logRing";
import { markMatches } from "./logSearch";
import { renderLine } from "./logText";

const LINE_PX = 18;
const AT_BOTTOM_PX = 24;

interface Props {
  readonly ring: LogRing;
  readonly revision: number;
  readonly wrap: boolean;
  readonly ended: boolean;
  /** What is searched for, and the number of the line of the match that is looked at. */
  readonly wanted: string;
  readonly lookAt: number | undefined;
}

export function LogLines({ ring, revision, wrap, ended, wanted, lookAt }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  // The same function for the same lines: with another, every line is placed anew.
  const keyOf = useCallback(
    (index: number) => {
      void revision;
      return ring.at(index)?.number ?? index;
    },
    [ring, revision],
  );
  const virtualizer = useVirtualizer({
    count: ring.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    getItemKey: keyOf,
    overscan: 20,
  });
  const height = virtualizer.getTotalSize();
  useLayoutEffect(() => {
    const element = scroller.current;
    if (following && element !== null) element.scrollTop = element.scrollHeight;
  }, [following, revision, height]);
  useEffect(() => {
    if (lookAt === undefined) return;
    setFollowing(false);
    virtualizer.scrollToIndex(lookAt - ring.dropped, { align: "center" });
    // Where to look is said once; what arrives afterwards moves nothing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lookAt]);
  // Only what the user does stops following; the page's own scrolling always ends at the bottom.
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = (): void => setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < AT_BOTTOM_PX);
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, []);
  return (
    <div className={styles.frame}>
      <div ref={scroller} className={styles.scroller} role="log" aria-live="off" aria-label="Job log" tabIndex={0} data-wrap={wrap}>
        {ring.length === 0 && <p className={styles.nothing}>{ended ? "The job wrote nothing." : "Nothing written yet. Lines appear here as the job writes them."}</p>}
        <div className={styles.sizer} style={{ height }}>
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              className={styles.slot}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <LogLine line={ring.at(item.index)} wanted={wanted} lookedAt={ring.at(item.index)?.number === lookAt} />
            </div>
          ))}
        </div>
      </div>
      {!following && (
        <div className={styles.jump}>
          <Button kind="primary" onClick={() => setFollowing(true)}>
            Follow the end
          </Button>
        </div>
      )}
    </div>
  );
}

interface LineProps {
  readonly line: Line | undefined;
  readonly wanted: string;
  readonly lookedAt: boolean;
}

const LogLine = memo(function LogLine({ line, wanted, lookedAt }: LineProps) {
  if (line === undefined) return null;
  const title = `${formatInstant(line.at)}${line.stream === "STDERR" ? ", standard error" : ""}`;
  return (
    <div className={styles.line} data-stream={line.stream} data-looked-at={lookedAt} title={title}>
      {markMatches(renderLine(line.text), wanted).map(({ text, className, marked }, index) => {
        const classes = className === "" ? undefined : className;
        return marked ? <mark key={index} className={classes}>{text}</mark> : <span key={index} className={classes}>{text}</span>;
      })}
    </div>
  );
});
