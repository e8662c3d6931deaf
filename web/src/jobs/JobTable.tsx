// The table of jobs. Only the rows in sight are in the page, however long the list is; the next page is asked for before
// its place comes into sight.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { Button } from "../ui/Button";
import { plural } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { JobTableRow } from "./JobTableRow";
import styles from "./JobTable.module.css";
import { EVERY_JOB, isNarrowed, type JobView, type Sort } from "./jobView";
import { useFreshReasons } from "./useFreshReasons";
import { MOST_ROWS, type RowKey, type Rows, useJobRows } from "./useJobRows";
import { useRemembered } from "./useRemembered";
import { useRowKeys } from "./useRowKeys";

const ROW_PX = 58;
const TITLE_PX = 40;
const AHEAD_ROWS = 30;

interface Props {
  readonly view: JobView;
  readonly organizationId: string | undefined;
  readonly selected: ReadonlyMap<string, unknown>;
  readonly onSelect: (ids: readonly string[], chosen: boolean) => void;
  readonly onChange: (changes: Partial<JobView>) => void;
}

export function JobTable({ view, organizationId, selected, onSelect, onChange }: Props) {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const { rows, waiting, letIn, loadMore, loaded, complete, error } = useJobRows(view, organizationId, pointed || focused);
  const body = useRef<HTMLTableSectionElement>(null);
  const top = useDistanceFromTop(body, rows.count > 0);
  // The same function for the same rows: with another, every row is placed anew, and there may be many thousands.
  const keyOf = useCallback((index: number) => rows.at(index) ?? index, [rows]);
  const virtualizer = useWindowVirtualizer({
    count: rows.count,
    estimateSize: (index) => (isTitle(rows.at(index)) ? TITLE_PX : ROW_PX),
    getItemKey: keyOf,
    overscan: 12,
    scrollMargin: top,
  });
  const items = virtualizer.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!complete && error === undefined && rows.count < MOST_ROWS && lastSeen >= rows.count - AHEAD_ROWS) loadMore();
  });
  const inSight = items.map((item) => jobOf(rows.at(item.index))).filter((id) => id !== undefined);
  useRemembered(inSight);
  useFreshReasons(inSight);
  useRowKeys(body, (index) => virtualizer.scrollToIndex(index, { align: "auto" }));
  const before = (items[0]?.start ?? top) - top;
  const after = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? top) - top);

  if (error !== undefined && rows.count === 0) return <Failure error={error} onRetry={loadMore} />;
  if (rows.count === 0) return loaded ? <NoJobs view={view} onChange={onChange} /> : <Loading what="jobs" />;
  return (
    <div
      className={styles.frame}
      onPointerEnter={(event) => setPointed(event.pointerType === "mouse")}
      onPointerLeave={() => setPointed(false)}
      // Whoever goes through the rows by keys; a click leaves a focus behind that nobody sees.
      onFocus={(event) => setFocused(event.target.matches(":focus-visible"))}
      onBlur={(event) => setFocused(event.currentTarget.contains(event.relatedTarget) && focused)}
    >
      {waiting > 0 && (
        <div className={styles.waiting} role="status">
          <Button kind="primary" onClick={letIn}>{plural(waiting, "new job")}</Button>
        </div>
      )}
      <div className={styles.scroller}>
        <table className={styles.table} aria-label="Jobs" aria-rowcount={complete ? rows.count + 1 : -1}>
          <Head view={view} onChange={onChange} rows={rows} selected={selected} onSelect={onSelect} />
          <tbody ref={body}>
            <Gap height={before} />
            {items.map((item) => {
              const row = rows.at(item.index);
              const id = jobOf(row);
              if (row === undefined || id === undefined) return <TitleRow key={item.key} index={item.index} measure={virtualizer.measureElement}>{titleOf(row)}</TitleRow>;
              return (
                <JobTableRow
                  key={item.key}
                  id={id}
                  index={item.index}
                  measure={virtualizer.measureElement}
                  selected={selected.has(id)}
                  onSelect={onSelect}
                />
              );
            })}
            <Gap height={after} />
          </tbody>
        </table>
      </div>
      {error !== undefined && <Failure error={error} onRetry={loadMore} />}
      {!complete && rows.count < MOST_ROWS && error === undefined && <Loading what="more jobs" />}
      {rows.count >= MOST_ROWS && <p className={styles.end}>{plural(MOST_ROWS, "row")} are shown at most. Narrow the list by a filter to see others.</p>}
    </div>
  );
}

function isTitle(row: RowKey | undefined): boolean {
  return row?.startsWith("title ") ?? false;
}

function jobOf(row: RowKey | undefined): string | undefined {
  return isTitle(row) ? undefined : row;
}

function titleOf(row: RowKey | undefined): string {
  return row?.slice("title ".length) ?? "";
}

/** Where the rows begin on the page, which is what scrolls. */
function useDistanceFromTop(body: React.RefObject<HTMLElement | null>, shown: boolean): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = (): void => {
      const element = body.current;
      if (element !== null) setTop(Math.round(element.getBoundingClientRect().top + window.scrollY));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [body, shown]);
  return top;
}

function Gap({ height }: { readonly height: number }) {
  return height <= 0 ? null : <tr className={styles.gap} style={{ height }} aria-hidden="true" />;
}

function TitleRow({ index, measure, children }: { readonly index: number; readonly measure: (element: Element | null) => void; readonly children: ReactNode }) {
  return (
    <tr ref={measure} data-index={index} className={styles.title}>
      <th scope="rowgroup" colSpan={9}>
        {children}
      </th>
    </tr>
  );
}

/** Whoever wants more of them selects all that pass the filter. */
const MOST_SELECTED = 1000;

/** Of the rows that are loaded; what the server has beyond them is not touched. */
const SelectAll = memo(function SelectAll({ rows, selected, onSelect }: Pick<Props, "selected" | "onSelect"> & { readonly rows: Rows }) {
  const { count, at } = rows;
  const ids = Array.from({ length: Math.min(count, MOST_SELECTED) }, (_, index) => jobOf(at(index))).filter((id) => id !== undefined);
  const name = count > MOST_SELECTED ? `the first ${plural(ids.length, "job")}` : `all ${plural(ids.length, "loaded job")}`;
  const all = ids.length > 0 && ids.every((id) => selected.has(id));
  return <input type="checkbox" aria-label={`Select ${name}`} checked={all} onChange={(event) => onSelect(ids, event.target.checked)} />;
});

type HeadProps = Omit<Props, "organizationId"> & { readonly rows: Rows };

function Head({ view, onChange, ...selection }: HeadProps) {
  const sorted = (newest: Sort, oldest: Sort = newest) => ({
    "aria-sort": view.sort === newest ? ("descending" as const) : view.sort === oldest ? ("ascending" as const) : undefined,
    onSort: () => onChange({ sort: view.sort === newest ? oldest : newest }),
  });
  return (
    <thead>
      <tr>
        <th scope="col" className={styles.select}>
          <SelectAll {...selection} />
          <span className={styles.selectAll} aria-hidden="true">
            All
          </span>
        </th>
        <th scope="col" className={styles.status}>Status</th>
        <th scope="col" className={styles.job}>Job</th>
        <th scope="col" className={styles.wish}>GPUs asked</th>
        <th scope="col" className={styles.where}>Where, or why</th>
        <SortableHead className={`${styles.number} ${styles.priority}`} {...sorted("priority")}>Priority</SortableHead>
        <SortableHead className={`${styles.number} ${styles.submitted}`} {...sorted("newest", "oldest")}>Submitted</SortableHead>
        <th scope="col" className={`${styles.number} ${styles.time}`}>Time</th>
        <th scope="col" className={styles.actions}>
          <span className="visually-hidden">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

interface SortableProps {
  readonly className: string;
  readonly "aria-sort": "ascending" | "descending" | undefined;
  readonly onSort: () => void;
  readonly children: ReactNode;
}

function SortableHead({ className, onSort, children, ...sort }: SortableProps) {
  const arrow = { ascending: " ↑", descending: " ↓", none: "" }[sort["aria-sort"] ?? "none"];
  return (
    <th scope="col" className={className} {...sort}>
      <button type="button" className={styles.sort} onClick={onSort}>
        {children}
        <span aria-hidden="true">{arrow}</span>
      </button>
    </th>
  );
}

function NoJobs({ view, onChange }: Pick<Props, "view" | "onChange">) {
  const { jobs } = useWorkspace();
  if (isNarrowed(view)) {
    return (
      <div className={styles.frame}>
        <Empty title="No job passes the filter">
          <Button onClick={() => onChange(EVERY_JOB)}>Show all jobs</Button>
        </Empty>
      </div>
    );
  }
  return (
    <div className={styles.frame}>
      <Empty title={jobs.jobs.size === 0 ? "No jobs yet" : "None at the moment"}>
        <Link href="/submit">Submit one</Link>, or in a terminal: <code>gpu-fleet run --gpus 1 -- python train.py</code>
      </Empty>
    </div>
  );
}
