// All hosts, those without GPUs too: drain, take back, remove.
import { useCallback, useEffect, useState } from "react";
import { Link } from "wouter";
import type { Api } from "../api/client";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { DrainButton } from "../fleet/DrainDialog";
import { hostPath } from "../fleet/fleetPaths";
import { presentHost } from "../fleet/gpuState";
import { HostPageDocument, type HostPageQuery } from "../generated/graphql";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { StatusMark } from "../ui/StatusMark";
import table from "../ui/table.module.css";
import { RelativeTime } from "../ui/time";
import { useRevision } from "../ui/useCell";
import styles from "./AdminPage.module.css";
import { RemoveHostButton } from "./RemoveHostButton";

type HostRow = HostPageQuery["hosts"]["nodes"][number];

export function HostsPage() {
  const { hosts, error, reload } = useHosts();
  return (
    <>
      <PageHead title="Hosts" query={{ operation: HostPageDocument, variables: { after: null } }} />
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {hosts === undefined && error === undefined && <Loading what="the hosts" />}
      {hosts !== undefined && hosts.length === 0 && (
        <Empty title="No host has joined yet">
          On the server: <code>gpu-fleet token --role agent</code>. On the host:{" "}
          <code>gpu-fleet agent --server URL --join-token-file FILE</code>
        </Empty>
      )}
      {hosts !== undefined && hosts.length > 0 && <Hosts hosts={hosts} onChanged={reload} />}
    </>
  );
}

function Hosts({ hosts, onChanged }: { readonly hosts: readonly HostRow[]; readonly onChanged: () => void }) {
  return (
    <div className={table.frame}>
      <table className={`${table.table} ${table.stacked}`} aria-label="Hosts">
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">Status</th>
            <th scope="col">Why</th>
            <th scope="col" className={table.number}>GPUs</th>
            <th scope="col">Serves</th>
            <th scope="col">Last heard of</th>
            <th scope="col">Agent</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {hosts.map((host) => (
            <tr key={host.id}>
              <th scope="row">
                <Link href={hostPath(host.id)}>{host.name}</Link>
              </th>
              <td data-label="Status">
                <StatusMark presentation={presentHost(host.status)} status={host.status} />
              </td>
              <td data-label="Why" className={table.wide}>{host.statusReason ?? "–"}</td>
              <td data-label="GPUs" className={table.number}>{host.gpus.length}</td>
              <td data-label="Serves">{host.organization?.name ?? "every organization"}</td>
              <td data-label="Last heard of">{host.lastHeartbeatAt === null ? "–" : <RelativeTime at={host.lastHeartbeatAt} />}</td>
              <td data-label="Agent">{host.agentVersion ?? "–"}</td>
              <td>
                <span className={styles.actions}>
                  <DrainButton host={host} onChanged={onChanged} />
                  <RemoveHostButton host={host} onRemoved={onChanged} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const SETTLES_MS = 1000;

/** Asked for anew when a GPU's change told of a host that is another. */
function useHosts() {
  const { api, fleet } = useWorkspace();
  const [hosts, setHosts] = useState<readonly HostRow[]>();
  const [error, setError] = useState<ApiError>();
  const revision = useRevision(fleet.hosts);
  const reload = useCallback(() => {
    fetchHosts(api)
      .then((all) => {
        setHosts(all);
        setError(undefined);
      })
      .catch((failure: unknown) => setError(asApiError(failure)));
  }, [api]);
  useEffect(reload, [reload]);
  useEffect(() => {
    const timer = setTimeout(reload, SETTLES_MS);
    return () => clearTimeout(timer);
  }, [reload, revision]);
  return { hosts, error, reload };
}

async function fetchHosts(api: Api): Promise<HostRow[]> {
  const all: HostRow[] = [];
  let after: string | null = null;
  do {
    const { hosts }: HostPageQuery = await api.query(HostPageDocument, { after });
    all.push(...hosts.nodes);
    after = hosts.pageInfo.hasNextPage ? hosts.pageInfo.endCursor : null;
  } while (after !== null);
  return all;
}
