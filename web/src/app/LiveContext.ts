// What every page needs of the running session.
import { createContext, useContext } from "react";
import { Api } from "../api/client";
import { LiveSocket } from "../api/socket";
import type { ViewerQuery } from "../generated/graphql";
import { FleetStore } from "../live/fleetStore";
import { JobStore } from "../live/jobStore";
import { OrganizationStore } from "../live/organizationStore";
import { pageScheduler } from "../live/pause";

export type Viewer = ViewerQuery["viewer"];

export interface Live {
  readonly api: Api;
  readonly socket: LiveSocket;
  readonly fleet: FleetStore;
  readonly jobs: JobStore;
  readonly organizations: OrganizationStore;
}

/** Everything that belongs to one token. It is thrown away as a whole when another one is used. */
export function createLive(token: string, onUnauthenticated: () => void): Live {
  const { protocol, host } = window.location;
  const api = new Api("/graphql", token, onUnauthenticated);
  const socket = new LiveSocket({
    url: `${protocol === "https:" ? "wss:" : "ws:"}//${host}/graphql`,
    token,
    onUnauthenticated,
  });
  const fleet = new FleetStore(api, socket, pageScheduler);
  return {
    api,
    socket,
    fleet,
    organizations: new OrganizationStore(api, socket, fleet.totals),
    jobs: new JobStore(api, socket, pageScheduler),
  };
}

export interface Workspace extends Live {
  readonly viewer: Viewer;
}

export const WorkspaceContext = createContext<Workspace | undefined>(undefined);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (workspace === undefined) throw new Error("a page was rendered outside a signed-in workspace");
  return workspace;
}

/** Why the viewer may not submit or cancel; undefined when it may. */
export function useReadOnlyReason(): string | undefined {
  const { role } = useWorkspace().viewer;
  return role === "VIEWER" ? "Your role is VIEWER: it may look, but not submit or cancel." : undefined;
}
