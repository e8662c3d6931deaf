// The log panel: follows at the bottom, stops following when one scrolls up.
import { useEffect, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { browserScheduler } from "../live/frameQueue";
import { Button } from "../ui/Button";
import { plural } from "../ui/format";
import { Failure } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { useCell } from "../ui/useCell";
import styles from "./JobLog.module.css";
import { LogFollower } from "./logStream";
import { LogLines } from "./LogLines";

export function JobLog({ jobId, name }: { readonly jobId: string; readonly name: string }) {
  const { socket } = useWorkspace();
  const [follower, setFollower] = useState<LogFollower>();
  useEffect(() => {
    const created = new LogFollower(socket, jobId, browserScheduler);
    created.start();
    setFollower(created);
    return () => created.close();
  }, [socket, jobId]);
  if (follower === undefined) return null;
  return <FollowedLog key={jobId} follower={follower} name={name} />;
}

function FollowedLog({ follower, name }: { readonly follower: LogFollower; readonly name: string }) {
  const { phase, error, revision } = useCell(follower.state);
  const { ring } = follower;
  const [wrap, setWrap] = useState(true);
  const end = phase === "complete" ? "complete" : "as it is written";
  return (
    <Panel
      title="Log"
      flush
      aside={
        <>
          <span>{ring.length === 0 ? end : `${plural(ring.length, "line")}, ${end}`}</span>
          <Button kind="quiet" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
            {wrap ? "Do not wrap" : "Wrap lines"}
          </Button>
          <Button kind="quiet" disabled={ring.length === 0} onClick={() => download(ring.text(), `${name}.log`)}>
            Save
          </Button>
        </>
      }
    >
      {error !== undefined && <Failure error={error} onRetry={follower.start} />}
      {ring.dropped > 0 && (
        <p className={styles.gap}>{plural(ring.dropped, "earlier line")} not kept here; gpu-fleet logs prints all of them.</p>
      )}
      <LogLines key={wrap ? "wrapped" : "long"} ring={ring} revision={revision} wrap={wrap} ended={phase === "complete"} />
    </Panel>
  );
}

function download(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
