// Who changed what, newest first, from which value to which. It is read, and never edited.
import { useCallback, useEffect, useRef, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { hostPath } from "../fleet/fleetPaths";
import { AuditPageDocument, type AuditPageQuery, AuditUpdatesDocument } from "../generated/graphql";
import { jobPath } from "../jobs/jobPath";
import { Button } from "../ui/Button";
import { SearchField, Select } from "../ui/controls";
import { formatInstant, plural, shortId } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import table from "../ui/table.module.css";
import styles from "./AdminPage.module.css";
import { ACTIONS, actionWord, toAuditFilter } from "./auditFilter";

type Entry = AuditPageQuery["auditLog"]["nodes"][number];

export function AuditPage() {
  const [parameters, setParameters] = useSearchParams();
  const actor = parameters.get("actor") ?? "";
  const action = parameters.get("action") ?? "";
  const { entries, total, more, error, loadMore, reload } = useAudit(actor, action);
  const set = (name: string, value: string): void => {
    setParameters(
      (before) => {
        if (value === "") before.delete(name);
        else before.set(name, value);
        return before;
      },
      { replace: true },
    );
  };
  return (
    <>
      <PageHead title="Audit trail" query={{ operation: AuditPageDocument, variables: { filter: toAuditFilter(actor, action), after: null } }}>
        <SearchField label="By whom, exactly" shortcut value={actor} onChange={(value) => set("actor", value)} />
        <Select label="Action" value={action} options={[["", "Every action"], ...ACTIONS]} onChange={(value) => set("action", value)} />
      </PageHead>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {entries === undefined && error === undefined && <Loading what="the audit trail" />}
      {entries !== undefined && entries.length === 0 && (
        <Empty title={actor === "" && action === "" ? "Nobody has changed anything yet" : "No line passes the filter"}>
          {(actor !== "" || action !== "") && <Button onClick={() => setParameters({}, { replace: true })}>Show all</Button>}
        </Empty>
      )}
      {entries !== undefined && entries.length > 0 && (
        <>
          <p className={styles.muted}>{plural(total, "line")}</p>
          <Entries entries={entries} />
        </>
      )}
      {more && (
        <div className={styles.more}>
          <Button onClick={loadMore}>Load more</Button>
        </div>
      )}
    </>
  );
}

function Entries({ entries }: { readonly entries: readonly Entry[] }) {
  return (
    <div className={table.frame}>
      <table className={`${table.table} ${table.stacked}`} aria-label="Audit trail">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">To what</th>
            <th scope="col">Changes</th>
            <th scope="col">From where</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id}>
              <td data-label="When">
                <time dateTime={entry.at}>{formatInstant(entry.at)}</time>
              </td>
              <td data-label="Who">
                {entry.actor}
                <div className={table.muted}>{entry.role.toLowerCase()}</div>
              </td>
              <td data-label="What">{actionWord(entry.action)}</td>
              <td data-label="To what">
                <Subject id={entry.subject} />
                {entry.organization !== null && <div className={table.muted}>{entry.organization.slug}</div>}
              </td>
              <td data-label="Changes">
                <ul className={styles.changes}>
                  {entry.changes.map(({ field, before, after }) => (
                    <li key={field} className={styles.change}>
                      {field}: {before !== null && <del>{before}</del>} {after !== null && <ins>{after}</ins>}
                    </li>
                  ))}
                </ul>
              </td>
              <td data-label="From where">
                {entry.address ?? "the server"}
                <div className={table.muted}>
                  <code title="Name of the request, as in the server's log">{entry.requestId}</code>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Subject({ id }: { readonly id: string | null }) {
  if (id === null) return <>–</>;
  const name = <code title={id}>{shortId(id)}</code>;
  if (id.startsWith("job_")) return <Link href={jobPath(id)}>{name}</Link>;
  if (id.startsWith("host_")) return <Link href={hostPath(id)}>{name}</Link>;
  return name;
}

function useAudit(actor: string, action: string) {
  const { api, socket } = useWorkspace();
  const [entries, setEntries] = useState<readonly Entry[]>();
  const [page, setPage] = useState<{ readonly total: number; readonly cursor: string | null }>({ total: 0, cursor: null });
  const [error, setError] = useState<ApiError>();
  const latest = useRef(0);
  const load = useCallback(
    (after: string | null) => {
      const asked = ++latest.current;
      api
        .query(AuditPageDocument, { filter: toAuditFilter(actor, action), after })
        .then(({ auditLog }) => {
          // An answer that was overtaken by another question is dropped.
          if (asked !== latest.current) return;
          setEntries((before) => (after === null ? auditLog.nodes : [...(before ?? []), ...auditLog.nodes]));
          setPage({ total: auditLog.totalCount, cursor: auditLog.pageInfo.hasNextPage ? auditLog.pageInfo.endCursor : null });
          setError(undefined);
        })
        .catch((failure: unknown) => asked === latest.current && setError(asApiError(failure)));
    },
    [api, actor, action],
  );
  const reload = useCallback(() => load(null), [load]);
  useEffect(reload, [reload]);
  // Who has loaded further pages is not thrown back to the first.
  const further = (entries?.length ?? 0) > PAGE;
  useEffect(() => {
    if (further) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        reload();
      }, SETTLES_MS);
    };
    const stop = socket.open({ operation: AuditUpdatesDocument, variables: () => ({}), started: soon, next: soon, refused: setError, completed: () => undefined });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [socket, reload, further]);
  return { entries, total: page.total, more: page.cursor !== null, error, reload, loadMore: () => load(page.cursor) };
}

const PAGE = 50;
const SETTLES_MS = 1000;
