// History of some GPUs over a span. The server rolls it up into minutes, and so a span that reaches to the present is asked
// for again when a minute is over; nothing in between could have changed.
import { useEffect, useMemo, useState } from "react";
import type { Api } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { TelemetryHistoryDocument } from "../generated/graphql";
import { type GpuHistory, type Span, stepsIn } from "./history";

/** So that one request stays within what a request may cost. */
const GPUS_AT_ONCE = 8;
const MINUTE_MS = 60_000;

export interface HistoryState {
  readonly histories: readonly GpuHistory[] | undefined;
  readonly error: ApiError | undefined;
}

export function useHistory(gpuIds: readonly string[], { since, until, stepSeconds }: Span): HistoryState {
  const { api } = useWorkspace();
  const [state, setState] = useState<HistoryState>({ histories: undefined, error: undefined });
  const key = gpuIds.join(" ");
  const span = useMemo(() => ({ since, until, stepSeconds }), [since, until, stepSeconds]);
  useEffect(() => {
    let current = true;
    const load = (): void => {
      fetchHistory(api, key === "" ? [] : key.split(" "), span)
        .then((histories) => current && setState({ histories, error: undefined }))
        .catch((failure: unknown) => current && setState((before) => ({ ...before, error: asApiError(failure) })));
    };
    load();
    const timer = span.until === undefined ? setInterval(load, MINUTE_MS) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [api, key, span]);
  return state;
}

async function fetchHistory(api: Api, gpuIds: readonly string[], span: Span): Promise<GpuHistory[]> {
  const histories: GpuHistory[] = [];
  for (let from = 0; from < gpuIds.length; from += GPUS_AT_ONCE) {
    const { nodes } = await api.query(TelemetryHistoryDocument, {
      ids: gpuIds.slice(from, from + GPUS_AT_ONCE),
      since: new Date(span.since).toISOString(),
      until: span.until === undefined ? null : new Date(span.until).toISOString(),
      stepSeconds: span.stepSeconds,
      first: stepsIn(span, Date.now()),
    });
    histories.push(...nodes.filter(isHistory));
  }
  return histories;
}

function isHistory(node: object | null): node is GpuHistory {
  return node !== null && "telemetryHistory" in node;
}
