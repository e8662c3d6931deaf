// What a waiting job waits for, and its place in the queue, change with other jobs and without an event of its own. The
// totals of the fleet, which come by themselves, tell that something moved: those in sight are then asked for again. So are
// those at which the scheduler has not looked yet.
import { useEffect, useRef } from "react";
import { useWorkspace } from "../app/LiveContext";
import { JobsByIdsDocument, type JobRowFragment } from "../generated/graphql";
import { isWaiting } from "./jobStatus";
import { isUnlooked } from "./jobText";

const SETTLES_MS = 1000;
const UNLOOKED_EVERY_MS = 2000;
/** As many as the API takes at once. */
const MOST_IDS = 100;

export function useFreshReasons(inSight: readonly string[]): void {
  const { api, fleet, jobs } = useWorkspace();
  const seen = useRef(inSight);
  useEffect(() => {
    seen.current = inSight;
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (wanted: (job: JobRowFragment) => boolean): Promise<void> => {
      const known = seen.current.map((id) => jobs.jobs.get(id)).filter((job) => job !== undefined);
      const ids = known.filter((job) => isWaiting(job.status) && wanted(job)).map(({ id }) => id).slice(0, MOST_IDS);
      if (ids.length === 0) return;
      const { nodes } = await api.query(JobsByIdsDocument, { ids });
      nodes.filter(isJob).forEach((job) => jobs.take(job));
    };
    const stop = fleet.totals.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        // A failure needs no words of its own: the reasons stay as they were, and the next change asks again.
        void ask(() => true).catch(() => undefined);
      }, SETTLES_MS);
    });
    const again = setInterval(() => void ask(isUnlooked).catch(() => undefined), UNLOOKED_EVERY_MS);
    return () => {
      stop();
      clearTimeout(timer);
      clearInterval(again);
    };
  }, [api, fleet, jobs]);
}

function isJob(node: object | null): node is JobRowFragment {
  return node !== null && "pending" in node;
}
