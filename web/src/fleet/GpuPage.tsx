// One GPU: what it is, who holds it, what runs on it, and what it told in the last hour, day or month.
import { Link } from "wouter";
import { listAddress } from "../app/listAddress";
import { useWorkspace } from "../app/LiveContext";
import { useThingKeys } from "../app/usePageKeys";
import { GpuCharts } from "../charts/GpuCharts";
import type { Metric } from "../charts/history";
import { RangeChoice, useRange } from "../charts/RangeChoice";
import { GpuDetailDocument } from "../generated/graphql";
import { cardName, UNKNOWN } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { Facts, Panel } from "../ui/Panel";
import { useCell, useEntity } from "../ui/useCell";
import { hostPath } from "./fleetPaths";
import { GpuFacts, Processes } from "./GpuFacts";
import styles from "./GpuPage.module.css";
import { type GpuDetail, useGpuDetail } from "./useGpuDetail";
import { useReadings } from "./useReadings";

const METRICS: readonly Metric[] = ["utilization", "memory", "temperature", "power"];

export function GpuPage({ id }: { readonly id: string }) {
  const { fleet } = useWorkspace();
  const state = useCell(fleet.feed.state);
  const gpu = useEntity(fleet.gpus, id);
  const host = useEntity(fleet.hosts, gpu?.hostId ?? "");
  const reading = useCell(fleet.reading(id));
  const { detail, error } = useGpuDetail(id, gpu?.version);
  const { range, span, choose } = useRange();
  useReadings([id]);
  useThingKeys("GPU", id, "/fleet");
  if (gpu === undefined || host === undefined) return state.phase === "loading" ? <Loading what="the GPU" /> : <NoGpu />;
  const name = `${host.name}:${gpu.index}`;
  return (
    <article className={styles.page} aria-label={name}>
      <p className={styles.path}>
        <Link href={listAddress("/fleet")}>Fleet</Link> / <Link href={hostPath(host.id)}>{host.name}</Link> / {gpu.index}
      </p>
      <PageHead title={name} query={{ operation: GpuDetailDocument, variables: { id } }}>
        <span className={styles.muted}>
          {cardName(gpu.gpuType)}
          {gpu.simulated && " · simulated"}
        </span>
      </PageHead>
      {error !== undefined && <Failure error={error} />}
      <div className={styles.columns}>
        <Panel title="History" aside={<RangeChoice range={range} onChoose={choose} />}>
          <GpuCharts key={range} gpus={[{ id, name }]} span={span} metrics={METRICS} />
        </Panel>
        <div className={styles.side}>
          <Panel title="Now">
            <GpuFacts gpu={gpu} reading={reading} />
          </Panel>
          <Panel title="Processes">
            <Processes processes={detail?.processes} />
          </Panel>
          {detail !== undefined && (
            <Panel title="Card">
              <Facts rows={cardRows(detail)} />
            </Panel>
          )}
        </div>
      </div>
    </article>
  );
}

function cardRows({ telemetry, numaNode, nvlinkPeers, sharesEnforced }: GpuDetail) {
  return [
    ["Clock", telemetry?.clockMhz === null || telemetry?.clockMhz === undefined ? UNKNOWN : `${telemetry.clockMhz} MHz`],
    ["Memory clock", telemetry?.memoryClockMhz === null || telemetry?.memoryClockMhz === undefined ? UNKNOWN : `${telemetry.memoryClockMhz} MHz`],
    ["Memory errors", telemetry?.uncorrectedErrors ?? UNKNOWN],
    ["NUMA node", numaNode ?? UNKNOWN],
    ["NVLink to", nvlinkPeers.length === 0 ? "none" : `${nvlinkPeers.length} other GPUs`],
    ["Shares", sharesEnforced === null ? UNKNOWN : sharesEnforced ? "enforced by MPS" : "counted, not enforced"],
  ] as const;
}

function NoGpu() {
  return (
    <Empty page title="No such GPU">
      It left the fleet, or another organization's host carries it. <Link href="/fleet">All GPUs</Link>
    </Empty>
  );
}
