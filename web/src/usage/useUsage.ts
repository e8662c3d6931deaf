// What was held and used, asked for again when the fleet has moved.
import { useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { UsageDocument, type UsageQuery } from "../generated/graphql";
import { asked, type Dimension, sinceDays } from "./usage";

const SETTLES_MS = 5000;

export interface UsageState {
  readonly usage: UsageQuery | undefined;
  readonly error: ApiError | undefined;
}

interface Answer extends UsageState {
  readonly key: string;
}

export function useUsage(dimension: Dimension, days: number): UsageState {
  const { api, fleet } = useWorkspace();
  const [answer, setAnswer] = useState<Answer>();
  const key = `${dimension} ${days}`;
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = (): void => {
      api
        .query(UsageDocument, { by: [asked(dimension)], since: sinceDays(days, new Date()) })
        .then((usage) => current && setAnswer({ key, usage, error: undefined }))
        // What was told before stays in sight beside the failure.
        .catch((failure: unknown) => current && setAnswer((before) => ({ key, usage: before?.key === key ? before.usage : undefined, error: asApiError(failure) })));
    };
    load();
    const stop = fleet.totals.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        load();
      }, SETTLES_MS);
    });
    return () => {
      current = false;
      stop();
      clearTimeout(timer);
    };
  }, [api, fleet, dimension, days, key]);
  return answer?.key === key ? answer : { usage: undefined, error: undefined };
}
