// All that is known about one GPU, beside the grid.
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { Button } from "../ui/Button";
import { Empty, Failure } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { useCell, useEntity } from "../ui/useCell";
import { gpuPath } from "./fleetPaths";
import { GpuFacts, Processes } from "./GpuFacts";
import styles from "./GpuPanel.module.css";
import { useGpuDetail } from "./useGpuDetail";

export function GpuPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const { fleet } = useWorkspace();
  const gpu = useEntity(fleet.gpus, id);
  const reading = useCell(fleet.reading(id));
  const host = useEntity(fleet.hosts, gpu?.hostId ?? "");
  const { detail, error } = useGpuDetail(id, gpu?.version);
  const close = <Button kind="quiet" onClick={onClose}>Close</Button>;
  if (gpu === undefined) {
    return (
      <Panel title="GPU" aside={close}>
        <Empty title="No such GPU">It left the fleet, or another organization's host carries it.</Empty>
      </Panel>
    );
  }
  return (
    <Panel title={`${host?.name ?? ""} GPU ${gpu.index}`} aside={close}>
      <GpuFacts gpu={gpu} reading={reading} />
      <h3 className={styles.heading}>Processes</h3>
      {error !== undefined ? <Failure error={error} /> : <Processes processes={detail?.processes} />}
      <p className={styles.more}>
        <Link href={gpuPath(id)}>Charts and more</Link>
      </p>
    </Panel>
  );
}
