// What a waiting job waits for, and its place in the queue, change with other jobs and without an event of its own. The
// totals of the fleet, which come by themselves, tell that something moved: those in sight are then asked for again.
import { useEffect, useRef } from "react";
import { useWorkspace } from "../app/LiveContext";
import { JobsByIdsDocument, type JobRowFragment } from "../generated/graphql";
import { isWaiting } from "./jobStatus";

const SETTLES_MS = 1000;
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
    const ask = async (): Promise<void> => {
      const ids = seen.current.filter((id) => isWaiting(jobs.jobs.get(id)?.status ?? "SUCCEEDED")).slice(0, MOST_IDS);
      if (ids.length === 0) return;
      const { nodes } = await api.query(JobsByIdsDocument, { ids });
      nodes.filter(isJob).forEach((job) => jobs.take(job));
    };
    const stop = fleet.totals.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        // A failure needs no words of its own: the reasons stay as they were, and the next change asks again.
        void ask().catch(() => undefined);
      }, SETTLES_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [api, fleet, jobs]);
}

function isJob(node: object | null): node is JobRowFragment {
  return node !== null && "pending" in node;
}
