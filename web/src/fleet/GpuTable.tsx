// The same GPUs as a table: for those who read rather than look. Only the rows in sight are in the page.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { jobPath } from "../jobs/jobPath";
import { cardName, formatMemoryUse, formatPercent, formatPower, formatTemperature } from "../ui/format";
import { StatusMark } from "../ui/StatusMark";
import table from "../ui/table.module.css";
import { useCell, useEntity } from "../ui/useCell";
import { gpuPath } from "./fleetPaths";
import { holder } from "./gpuNow";
import { gpuState, presentGpu } from "./gpuState";
import type { HostGroup } from "./hostGroups";

const ROW_PX = 33;

export function GpuTable({ groups }: { readonly groups: readonly HostGroup[] }) {
  const rows = useMemo(() => groups.flatMap(({ host, gpus }) => gpus.map((gpu) => ({ id: gpu.id, host: host.name }))), [groups]);
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    if (body.current !== null) setTop(Math.round(body.current.getBoundingClientRect().top + window.scrollY));
  }, []);
  // The same function for the same rows: with another, every row is placed anew.
  const keyOf = useCallback((index: number) => rows[index]?.id ?? index, [rows]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    getItemKey: keyOf,
    overscan: 12,
    scrollMargin: top,
  });
  const items = virtualizer.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  return (
    <div className={table.frame}>
      <table className={table.table} aria-label="GPUs" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">GPU</th>
            <th scope="col">Type</th>
            <th scope="col">State</th>
            <th scope="col">Held by</th>
            <th scope="col" className={table.number}>Utilization</th>
            <th scope="col" className={table.number}>Memory</th>
            <th scope="col" className={table.number}>Temperature</th>
            <th scope="col" className={table.number}>Power</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {before > 0 && <tr style={{ height: before }} aria-hidden="true" />}
          {items.map((item) => (
            <GpuRow key={item.key} id={rows[item.index]?.id ?? ""} host={rows[item.index]?.host ?? ""} index={item.index} measure={virtualizer.measureElement} />
          ))}
          {after > 0 && <tr style={{ height: after }} aria-hidden="true" />}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly id: string;
  readonly host: string;
  readonly index: number;
  readonly measure: (element: Element | null) => void;
}

const GpuRow = memo(function GpuRow({ id, host, index, measure }: RowProps) {
  const { fleet } = useWorkspace();
  const gpu = useEntity(fleet.gpus, id);
  const reading = useCell(fleet.reading(id));
  if (gpu === undefined) return null;
  const state = gpuState({ ...gpu, use: reading?.use ?? null });
  const telemetry = reading?.telemetry;
  const [held] = gpu.allocations;
  return (
    <tr ref={measure} data-index={index}>
      <th scope="row">
        <Link href={gpuPath(id)}>
          {host}:{gpu.index}
        </Link>
      </th>
      <td>
        {cardName(gpu.gpuType)}
        {gpu.simulated && <span className={table.muted}> sim</span>}
      </td>
      <td>
        <StatusMark presentation={presentGpu(state)} status={gpu.status} />
      </td>
      <td className={table.wide}>
        {held === undefined ? (holder(gpu) ?? gpu.statusReason ?? "–") : <Link href={jobPath(held.job.id)}>{holder(gpu)}</Link>}
        {held !== undefined && <span className={table.muted}> {held.job.organization.slug}</span>}
      </td>
      <td className={table.number}>{formatPercent(telemetry?.utilizationPercent)}</td>
      <td className={table.number}>{formatMemoryUse(telemetry?.memoryUsedMib, gpu.memoryMib)}</td>
      <td className={table.number}>{formatTemperature(telemetry?.temperatureCelsius)}</td>
      <td className={table.number}>{formatPower(telemetry?.powerWatts)}</td>
    </tr>
  );
});
