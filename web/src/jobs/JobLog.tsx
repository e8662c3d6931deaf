// The log panel: follows at the bottom, stops following when one scrolls up. It keeps the newest lines; all of them can be
// saved and searched, which the server does.
import { useEffect, useMemo, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { pageScheduler } from "../live/pause";
import { Button } from "../ui/Button";
import { Select } from "../ui/controls";
import { plural } from "../ui/format";
import { Failure } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { useCell } from "../ui/useCell";
import styles from "./JobLog.module.css";
import { LogFollower } from "./logStream";
import { LogLines } from "./LogLines";
import { matchingLines } from "./logSearch";
import { LogSearch } from "./LogSearch";
import { SaveLog } from "./SaveLog";
import { SearchWholeLog } from "./SearchWholeLog";
import type { Wanted } from "./wholeLog";

interface Props {
  readonly jobId: string;
  readonly name: string;
  /** How many the job has had. */
  readonly attempts: number;
}

export function JobLog({ jobId, name, attempts }: Props) {
  const { socket } = useWorkspace();
  const [attempt, setAttempt] = useState<number | null>(null);
  const [follower, setFollower] = useState<LogFollower>();
  useEffect(() => {
    const created = new LogFollower(socket, jobId, attempt, pageScheduler);
    created.start();
    setFollower(created);
    return () => created.close();
  }, [socket, jobId, attempt]);
  if (follower === undefined) return null;
  const choice = attempts > 1 && <AttemptChoice attempts={attempts} chosen={attempt} onChoose={setAttempt} />;
  return <FollowedLog key={`${jobId} ${attempt ?? ""}`} follower={follower} name={name} wanted={{ jobId, attempt, contains: null }} choice={choice} />;
}

interface ChoiceProps {
  readonly attempts: number;
  readonly chosen: number | null;
  readonly onChoose: (attempt: number | null) => void;
}

function AttemptChoice({ attempts, chosen, onChoose }: ChoiceProps) {
  const numbers = Array.from({ length: attempts }, (_, index) => [`${index + 1}`, `Attempt ${index + 1}`] as const);
  return <Select label="Attempt" value={chosen?.toString() ?? ""} options={[["", "All attempts"], ...numbers]} onChange={(text) => onChoose(text === "" ? null : Number(text))} />;
}

interface FollowedProps {
  readonly follower: LogFollower;
  readonly name: string;
  readonly wanted: Wanted;
  readonly choice: React.ReactNode;
}

function FollowedLog({ follower, name, wanted, choice }: FollowedProps) {
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
          {choice}
          <LogSearch {...search} found={search.matches.length} />
          <span>{ring.length === 0 ? end : `${plural(ring.length, "line")}, ${end}`}</span>
          <Button kind="quiet" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
            Wrap lines
          </Button>
          <SaveLog ring={ring} wanted={wanted} name={name} />
        </>
      }
    >
      {error !== undefined && <Failure error={error} onRetry={follower.start} />}
      {ring.dropped > 0 && <p className={styles.gap}>{plural(ring.dropped, "earlier line")} not kept here; what is saved has all of them.</p>}
      {ring.dropped > 0 && search.wanted !== "" && <SearchWholeLog key={search.wanted} wanted={{ ...wanted, contains: search.wanted }} />}
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
