// Only the lines in sight are in the page, however long the log is.
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "../ui/Button";
import { formatInstant } from "../ui/format";
import styles from "./JobLog.module.css";
import type { Line, LogRing } from "./logRing";
import { renderLine } from "./logText";

const LINE_PX = 18;
const AT_BOTTOM_PX = 24;

interface Props {
  readonly ring: LogRing;
  readonly revision: number;
  readonly wrap: boolean;
  readonly ended: boolean;
}

export function LogLines({ ring, revision, wrap, ended }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const virtualizer = useVirtualizer({
    count: ring.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    getItemKey: (index) => ring.at(index)?.number ?? index,
    overscan: 20,
  });
  const height = virtualizer.getTotalSize();
  useLayoutEffect(() => {
    const element = scroller.current;
    if (following && element !== null) element.scrollTop = element.scrollHeight;
  }, [following, revision, height]);
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
              <LogLine line={ring.at(item.index)} />
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

const LogLine = memo(function LogLine({ line }: { readonly line: Line | undefined }) {
  if (line === undefined) return null;
  return (
    <div className={styles.line} data-stream={line.stream} title={`${formatInstant(line.at)}${line.stream === "STDERR" ? ", standard error" : ""}`}>
      {renderLine(line.text).map((span, index) => (
        <span key={index} className={span.className === "" ? undefined : span.className}>
          {span.text}
        </span>
      ))}
    </div>
  );
});
