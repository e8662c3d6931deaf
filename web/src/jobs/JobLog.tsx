// The log panel: follows at the bottom, stops following when one scrolls up.
import { useEffect, useMemo, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { pageScheduler } from "../live/pause";
import { Button } from "../ui/Button";
import { download } from "../ui/download";
import { plural } from "../ui/format";
import { Failure } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { useCell } from "../ui/useCell";
import styles from "./JobLog.module.css";
import { LogFollower } from "./logStream";
import { LogLines } from "./LogLines";
import { matchingLines } from "./logSearch";
import { LogSearch } from "./LogSearch";

export function JobLog({ jobId, name }: { readonly jobId: string; readonly name: string }) {
  const { socket } = useWorkspace();
  const [follower, setFollower] = useState<LogFollower>();
  useEffect(() => {
    const created = new LogFollower(socket, jobId, pageScheduler);
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
  const search = useLogSearch(ring, revision);
  const end = phase === "complete" ? "complete" : "as it is written";
  return (
    <Panel
      title="Log"
      flush
      aside={
        <>
          <LogSearch {...search} found={search.matches.length} />
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
      <LogLines
        key={wrap ? "wrapped" : "long"}
        ring={ring}
        revision={revision}
        wrap={wrap}
        ended={phase === "complete"}
        wanted={search.wanted}
        lookAt={search.line}
      />
    </Panel>
  );
}

/** A match is kept by its line's number, because indices move when old lines are dropped. */
function useLogSearch(ring: LogFollower["ring"], revision: number) {
  const [wanted, setWanted] = useState("");
  const [line, setLine] = useState<number>();
  const matches = useMemo(() => {
    void revision;
    return matchingLines(ring, wanted).map((index) => ring.at(index)?.number ?? 0);
  }, [ring, revision, wanted]);
  const at = line === undefined ? -1 : matches.indexOf(line);
  const onStep = (step: 1 | -1): void => {
    if (matches.length === 0) return;
    const next = at === -1 ? (step === 1 ? 0 : matches.length - 1) : (at + step + matches.length) % matches.length;
    setLine(matches[next]);
  };
  const onWanted = (text: string): void => {
    setWanted(text);
    setLine(undefined);
  };
  return { wanted, onWanted, matches, current: at === -1 ? undefined : at, line, onStep };
}
