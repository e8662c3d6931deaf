// A host with what its cells do not tell; asked for again whenever the host, as GPUs' changes tell of it, is another.
import { useCallback, useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { HostDetailDocument, type HostFactsFragment } from "../generated/graphql";
import type { Host } from "../live/fleetStore";

export type HostFacts = HostFactsFragment;

interface Answer {
  readonly host?: HostFacts;
  readonly missing: boolean;
  readonly error?: ApiError;
}

export function useHostDetail(id: string, live: Host | undefined) {
  const { api } = useWorkspace();
  const [answer, setAnswer] = useState<Answer>({ missing: false });
  const take = useCallback((host: HostFacts) => setAnswer((before) => newer(before, host)), []);
  useEffect(() => {
    api
      .query(HostDetailDocument, { id })
      .then(({ host }) => (host === null ? setAnswer({ missing: true }) : take(host)))
      .catch((failure: unknown) => setAnswer((before) => ({ ...before, error: asApiError(failure) })));
  }, [api, id, take, live?.version, live?.status]);
  const host = answer.host;
  const known = host === undefined || live === undefined || live.version < host.version ? host : { ...host, status: live.status, statusReason: live.statusReason, lastHeartbeatAt: live.lastHeartbeatAt };
  return { ...answer, host: known, take };
}

function newer(before: Answer, host: HostFacts): Answer {
  if (before.host !== undefined && before.host.version > host.version) return before;
  return { host, missing: false };
}
