// All that can be gone to or done from anywhere.
import { useMemo } from "react";
import { useLocation } from "wouter";
import { type Workspace, useWorkspace } from "../app/LiveContext";
import { pagesFor } from "../app/pages";
import { useTheme } from "../app/theme";
import { chooseTimeZone, useTimeZone } from "../app/timeZone";
import { gpuPath, hostPath } from "../fleet/fleetPaths";
import { gpuStateNow } from "../fleet/gpuNow";
import { presentGpu, presentHost } from "../fleet/gpuState";
import type { FoundJobFragment } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import { presentJob } from "../jobs/jobStatus";
import { savedViews } from "../jobs/savedViews";
import { pause } from "../live/pause";
import { cardName, shortId } from "../ui/format";
import { useCell } from "../ui/useCell";
import type { Entry } from "./ranking";

type Go = (path: string) => void;

export interface Commands {
  readonly onHelp: () => void;
  readonly onSignOut: () => void;
}

export function useEntries(found: readonly FoundJobFragment[], commands: Commands): readonly Entry[] {
  const workspace = useWorkspace();
  const [, go] = useLocation();
  const actions = useActions(go, commands);
  const views = useCell(savedViews.all);
  return useMemo(() => {
    const saved = views.map(({ name, search }): Entry => ({ id: `view ${name}`, group: "Saved views", name, hint: search, run: () => go(`/jobs?${search}`) }));
    return [...pages(workspace, go), ...actions, ...saved, ...jobs(workspace, found, go), ...hosts(workspace, go), ...gpus(workspace, go)];
  }, [workspace, go, actions, views, found]);
}

function pages({ viewer }: Workspace, go: Go): Entry[] {
  const named = pagesFor(viewer.role).map(({ href, name, key }): Entry => ({ id: `page ${href}`, group: "Pages", name, hint: `g ${key}`, run: () => go(href) }));
  return [...named, { id: "page graphiql", group: "Pages", name: "GraphiQL", words: "API", run: () => window.location.assign("/graphiql") }];
}

function useActions(go: Go, { onHelp, onSignOut }: Commands): readonly Entry[] {
  const { theme, toggle } = useTheme();
  const zone = useTimeZone();
  const paused = useCell(pause.on);
  return useMemo(() => {
    const action = (name: string, run: () => void, words = ""): Entry => ({ id: `action ${name}`, group: "Actions", name, words, run });
    const otherZone = zone === "utc" ? "local" : "utc";
    return [
      action("Submit a job", () => go("/submit"), "new run"),
      action(paused ? "Resume live updates" : "Pause live updates", pause.toggle, "stop freeze"),
      action("Show waiting jobs", () => go("/jobs?state=QUEUED,HELD"), "queued held pending"),
      action("Show running jobs", () => go("/jobs?state=RUNNING")),
      action("Show failed jobs", () => go("/jobs?state=FAILED,TIMED_OUT"), "errors"),
      action("Show GPUs in trouble", () => go("/fleet?state=failed,quarantined,heldIdle,degraded,unavailable"), "failed quarantined idle"),
      action(theme === "dark" ? "Use the light theme" : "Use the dark theme", toggle, "colours"),
      action(zone === "utc" ? "Show local times" : "Show times in UTC", () => chooseTimeZone(otherZone), "time zone"),
      action("Keyboard help", onHelp, "shortcuts keys"),
      action("Sign out", onSignOut, "log out"),
    ];
  }, [go, theme, toggle, zone, paused, onHelp, onSignOut]);
}

/** Those that are known here, then those that the server found. */
function jobs({ jobs: store }: Workspace, found: readonly FoundJobFragment[], go: Go): Entry[] {
  const all = new Map([...found, ...store.jobs.values()].map((job) => [job.id, job]));
  return [...all.values()].map(({ id, name, status, organization }) => ({
    id: `job ${id}`,
    group: "Jobs",
    name,
    hint: `${presentJob(status).word} · ${organization.slug} · ${shortId(id)}`,
    words: id,
    run: () => go(jobPath(id)),
  }));
}

function hosts({ fleet }: Workspace, go: Go): Entry[] {
  return fleet.hosts.values().map(({ id, name, status }) => ({ id: `host ${id}`, group: "Hosts", name, hint: presentHost(status).word, words: `${id} host`, run: () => go(hostPath(id)) }));
}

function gpus({ fleet }: Workspace, go: Go): Entry[] {
  return fleet.gpus.values().map(({ id, index, uuid, hostId, gpuType }) => ({
    id: `gpu ${id}`,
    group: "GPUs",
    name: `${fleet.hosts.get(hostId)?.name ?? ""}:${index}`,
    hint: `${cardName(gpuType)} · ${presentGpu(gpuStateNow(fleet, id)).word}`,
    words: `${id} ${uuid} gpu`,
    run: () => go(gpuPath(id)),
  }));
}
