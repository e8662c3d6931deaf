// The whole of one job. Its own changes come by events; each asks for the detail anew, and so does every change of the
// fleet while the job waits, because what it waits for lies in other jobs.
import { useCallback, useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { JobDetailDocument, type JobDetailQuery } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { isWaiting } from "./jobStatus";
import { isUnlooked } from "./jobText";

export type Detail = NonNullable<JobDetailQuery["job"]>;

const QUEUE_SETTLES_MS = 1000;

interface Answer {
  readonly detail?: Detail;
  readonly missing: boolean;
  readonly error?: ApiError;
}

export function useJobDetail(id: string, live: Job | undefined) {
  const liveVersion = live?.version;
  const { api, fleet, jobs, socket } = useWorkspace();
  const [answer, setAnswer] = useState<Answer>({ missing: false });
  const reload = useCallback(() => {
    api
      .query(JobDetailDocument, { id })
      .then(({ job }) => {
        if (job !== null) jobs.take(job);
        setAnswer((before) => newer(before, job));
      })
      .catch((failure: unknown) => setAnswer((before) => ({ ...before, error: asApiError(failure) })));
  }, [api, jobs, id]);

  const known = answer.detail?.version;
  const behind = known === undefined || (liveVersion !== undefined && liveVersion > known);
  useEffect(() => {
    if (behind) reload();
  }, [reload, behind, liveVersion]);

  const waits = answer.detail !== undefined && isWaiting(answer.detail.status);
  useEffect(() => {
    if (!waits) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = fleet.totals.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        reload();
      }, QUEUE_SETTLES_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [waits, fleet, reload]);

  // The scheduler looks at it without a word, and a question may fail: it is asked again until there is an answer.
  const unsettled = (behind && known !== undefined) || [answer.detail, live].some((job) => job !== undefined && isUnlooked(job));
  useEffect(() => {
    if (!unsettled) return undefined;
    const timer = setInterval(reload, QUEUE_SETTLES_MS);
    return () => clearInterval(timer);
  }, [unsettled, reload]);

  // After a gap the job may have changed without a word.
  useEffect(
    () =>
      socket.connection.subscribe(() => {
        if (socket.connection.get().phase === "live") reload();
      }),
    [socket, reload],
  );
  return { ...answer, reload };
}

/** An answer that was overtaken by a newer one is dropped. */
function newer(before: Answer, job: Detail | null): Answer {
  if (job === null) return { missing: true };
  if (before.detail !== undefined && before.detail.version > job.version) return before;
  return { detail: job, missing: false };
}
