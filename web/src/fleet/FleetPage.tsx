// Every GPU of the fleet: cards while they are few, a map when they are many, or a table.
import { useCallback, useEffect, useMemo } from "react";
import { useSearchParams } from "wouter";
import { rememberList } from "../app/listAddress";
import { useWorkspace } from "../app/LiveContext";
import { GpuPageDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { MOST_GPUS } from "../live/fleetStore";
import { SearchField, Segments } from "../ui/controls";
import { plural } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { useCell, useRevision } from "../ui/useCell";
import { FleetMap } from "./FleetMap";
import styles from "./FleetPage.module.css";
import { answersText, type Colouring, type FleetShape, type FleetView, parseFleetView, writeFleetView } from "./fleetView";
import { GpuPanel } from "./GpuPanel";
import { GpuTable } from "./GpuTable";
import { gpuStateNow } from "./gpuNow";
import { groupByHost, type HostGroup } from "./hostGroups";
import { HostCard } from "./HostCard";
import { Legend } from "./Legend";
import { OrganizationLegend } from "./OrganizationLegend";
import { TroubleList } from "./TroubleList";
import { useReadings } from "./useReadings";

/** Above this many GPUs the map shows them without words. */
const MOST_DETAILED = 64;

const COLOURING_NAMES: ReadonlyArray<readonly [Colouring, string]> = [
  ["state", "State"],
  ["use", "Utilization"],
  ["organization", "Organization"],
];
const SHAPE_NAMES: ReadonlyArray<readonly [FleetShape, string]> = [
  ["map", "Map"],
  ["table", "Table"],
];

export function FleetPage() {
  const { fleet } = useWorkspace();
  const state = useCell(fleet.feed.state);
  const { view, change, chosen, choose } = useFleetView();
  const groups = useGroups();
  const many = fleet.gpus.size > MOST_DETAILED;
  useReadings(useMemo(() => groups.flatMap((group) => group.gpus.map((gpu) => gpu.id)), [groups]));
  return (
    <div className={styles.page}>
      <PageHead title="Fleet" query={{ operation: GpuPageDocument, variables: { after: null } }}>
        <SearchField label="Host, type or job" shortcut value={view.text} onChange={(text) => change({ text })} />
        {many && view.shape === "map" && (
          <Segments label="Colour by" value={view.colouring} options={COLOURING_NAMES} onChange={(colouring) => change({ colouring })} />
        )}
        <Segments label="Show as" value={view.shape} options={SHAPE_NAMES} onChange={(shape) => change({ shape })} />
      </PageHead>
      <Legend chosen={view.states} onChoose={(states) => change({ states })} />
      {many && view.shape === "map" && view.colouring === "organization" && <OrganizationLegend />}
      {state.phase === "failed" && <Failure error={state.error} onRetry={fleet.feed.start} />}
      {state.phase === "loading" && groups.length === 0 && <Loading what="the GPUs" />}
      {state.phase === "ready" && groups.length === 0 && (
        <Empty title="No GPU has joined yet">
          Start an agent on a machine with GPUs: <code>gpu-fleet agent --server URL --join-token-file FILE</code>
        </Empty>
      )}
      <Missing />
      {groups.length > 0 && (
        <div className={styles.columns} data-open={chosen !== undefined}>
          <Shape view={view} groups={groups} many={many} chosen={chosen} onChoose={choose} onClear={() => change({ text: "", states: [] })} />
          {chosen !== undefined && <GpuPanel key={chosen} id={chosen} onClose={() => choose(undefined)} />}
        </div>
      )}
      <TroubleList groups={groups} />
    </div>
  );
}

/** A fleet that is too large to be loaded whole says so. */
function Missing() {
  const { fleet } = useWorkspace();
  const totals = useCell(fleet.totals);
  const state = useCell(fleet.feed.state);
  useRevision(fleet.gpus);
  if (state.phase !== "ready" || totals === undefined || fleet.gpus.size < MOST_GPUS || totals.gpus <= fleet.gpus.size) return null;
  return (
    <p role="note">
      The first {fleet.gpus.size.toLocaleString("en")} of {plural(totals.gpus, "GPU")} are shown.
    </p>
  );
}

interface ShapeProps {
  readonly view: FleetView;
  readonly groups: readonly HostGroup[];
  readonly many: boolean;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
  readonly onClear: () => void;
}

function Shape(props: ShapeProps) {
  const { view, groups, many, chosen, onChoose } = props;
  // The map keeps its places and makes the others faint.
  if (many && view.shape === "map") return <FleetMap groups={groups} view={view} chosen={chosen} onChoose={onChoose} />;
  return <PassingOnly {...props} />;
}

function PassingOnly({ view, groups, chosen, onChoose, onClear }: ShapeProps) {
  const passing = usePassing(groups, view);
  if (passing.length === 0) {
    return (
      <Empty title="No GPU passes the filter">
        <Button onClick={onClear}>Show all GPUs</Button>
      </Empty>
    );
  }
  if (view.shape === "table") return <GpuTable groups={passing} />;
  return (
    <div className={styles.hosts}>
      {passing.map((group) => (
        <HostCard key={group.host.id} group={group} chosen={chosen} onChoose={onChoose} />
      ))}
    </div>
  );
}

function useGroups(): readonly HostGroup[] {
  const { fleet } = useWorkspace();
  const revision = useRevision(fleet.gpus);
  const hostRevision = useRevision(fleet.hosts);
  return useMemo(() => {
    void [revision, hostRevision];
    return groupByHost(fleet.gpus.values(), fleet.hosts.values());
  }, [fleet, revision, hostRevision]);
}

function usePassing(groups: readonly HostGroup[], { text, states }: FleetView): readonly HostGroup[] {
  const { fleet } = useWorkspace();
  useCell(fleet.readingRevision);
  if (text.trim() === "" && states.length === 0) return groups;
  return groups
    .map((group) => ({
      ...group,
      gpus: group.gpus.filter((gpu) => answersText(gpu, group.host, text) && (states.length === 0 || states.includes(gpuStateNow(fleet, gpu.id)))),
    }))
    .filter((group) => group.gpus.length > 0);
}

/** The view and the chosen GPU, as they stand in the URL. */
function useFleetView() {
  const [parameters, setParameters] = useSearchParams();
  const search = parameters.toString();
  useEffect(() => rememberList("/fleet", search), [search]);
  const change = (changes: Partial<FleetView>): void => {
    setParameters(writeFleetView(search, { ...parseFleetView(search), ...changes }), { replace: true });
  };
  const choose = useCallback(
    (id: string | undefined): void => {
      setParameters(
        (now) => {
          if (id === undefined) now.delete("gpu");
          else now.set("gpu", id);
          return now;
        },
        { replace: true },
      );
    },
    [setParameters],
  );
  return { view: parseFleetView(search), change, chosen: parameters.get("gpu") ?? undefined, choose };
}
