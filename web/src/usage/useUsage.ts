// GPU-hours by organization and day. Past days stay as they are; today's grow, and are asked for again when the fleet moves.
import { useEffect, useState } from "react";
import type { Api } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import type { TimeZone } from "../app/timeZone";
import { OwnUsageDocument, UsageOfEveryoneDocument, type UsageOfEveryoneQuery } from "../generated/graphql";
import { bounds, type DayBounds, DAYS_AT_ONCE, gpuHours, type OrganizationDays } from "./days";

const SETTLES_MS = 5000;

export interface UsageState {
  readonly organizations: readonly OrganizationDays[] | undefined;
  readonly error: ApiError | undefined;
}

/** `days`: a multiple of ten. */
export function useUsage(days: number, zone: TimeZone): UsageState {
  const { api, fleet, viewer } = useWorkspace();
  const [state, setState] = useState<UsageState>({ organizations: undefined, error: undefined });
  const everyone = viewer.role === "OPERATOR";
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = (): void => {
      fetchDays(api, everyone, days, zone)
        .then((organizations) => current && setState({ organizations, error: undefined }))
        .catch((failure: unknown) => current && setState((before) => ({ ...before, error: asApiError(failure) })));
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
  }, [api, fleet, everyone, days, zone]);
  return state;
}

async function fetchDays(api: Api, everyone: boolean, days: number, zone: TimeZone): Promise<OrganizationDays[]> {
  const now = new Date();
  const all = new Map<string, OrganizationDays>();
  for (let daysAgo = days; daysAgo > 0; daysAgo -= DAYS_AT_ONCE) {
    const chunk = bounds(now, daysAgo, zone);
    for (const { slug, name, usage } of everyone ? await fetchEveryone(api, chunk) : await fetchOwn(api, chunk)) {
      all.set(slug, { slug, name, hours: [...(all.get(slug)?.hours ?? []), ...gpuHours(usage)] });
    }
  }
  return [...all.values()];
}

type Node = UsageOfEveryoneQuery["organizations"]["nodes"][number];

async function fetchOwn(api: Api, chunk: DayBounds): Promise<Node[]> {
  const { organization } = await api.query(OwnUsageDocument, chunk);
  return organization === null ? [] : [organization];
}

async function fetchEveryone(api: Api, chunk: DayBounds): Promise<Node[]> {
  const all: Node[] = [];
  let after: string | null = null;
  do {
    const { organizations }: UsageOfEveryoneQuery = await api.query(UsageOfEveryoneDocument, { ...chunk, after });
    all.push(...organizations.nodes);
    after = organizations.pageInfo.hasNextPage ? organizations.pageInfo.endCursor : null;
  } while (after !== null);
  return all;
}
