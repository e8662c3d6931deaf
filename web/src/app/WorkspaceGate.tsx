// Asks who is signed in, and starts the live stores once that is known.
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { ViewerDocument } from "../generated/graphql";
import { Failure, Loading } from "../ui/Notice";
import { type Live, type Viewer, WorkspaceContext } from "./LiveContext";

type Answer = { readonly viewer: Viewer } | { readonly error: ApiError };

export function WorkspaceGate({ live, children }: { readonly live: Live; readonly children: ReactNode }) {
  const [answer, setAnswer] = useState<Answer>();
  const ask = useCallback(() => {
    live.api
      .query(ViewerDocument, {})
      .then(({ viewer }) => {
        setAnswer({ viewer });
        live.fleet.start();
        live.jobs.start();
        live.organizations.start(viewer.role);
      })
      .catch((failure: unknown) => setAnswer({ error: asApiError(failure) }));
  }, [live]);
  useEffect(ask, [ask]);
  const workspace = useMemo(() => (answer !== undefined && "viewer" in answer ? { ...live, viewer: answer.viewer } : undefined), [live, answer]);
  if (answer !== undefined && "error" in answer) return <Failure error={answer.error} onRetry={ask} />;
  if (workspace === undefined) return <Loading what="the fleet" />;
  return <WorkspaceContext value={workspace}>{children}</WorkspaceContext>;
}
