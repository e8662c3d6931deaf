// The whole fleet as one picture: a canvas for the eyes, and over it a grid for keys and screen readers, in which only the
// row where one is exists. A change paints the cells that changed, once per frame.
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { useTheme } from "../app/theme";
import type { FleetView } from "./fleetView";
import { GpuCard } from "./GpuCard";
import type { HostGroup } from "./hostGroups";
import styles from "./FleetMap.module.css";
import { gpuStateNow, spokenGpu } from "./gpuNow";
import { MapCanvas } from "./mapCanvas";
import { nextTrouble, step } from "./mapKeys";
import { cellPlace, layOut, type MapLayout, type Spot, spotAt, zoomFor } from "./mapLayout";
import { useWidth } from "./useWidth";

interface Props {
  readonly groups: readonly HostGroup[];
  readonly view: FleetView;
  readonly chosen: string | undefined;
  readonly onChoose: (gpuId: string | undefined) => void;
}

const CARD_AFTER_MS = 100;

export function FleetMap({ groups, view, chosen, onChoose }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const gpus = groups.reduce((sum, group) => sum + group.gpus.length, 0);
  const layout = useMemo(() => layOut(groups, width, zoomFor(gpus)), [groups, width, gpus]);
  const [active, setActive] = useState<Spot>();
  const [focused, setFocused] = useState(false);
  const [under, setUnder] = useState<Spot>();
  const shown = useDelayed(under, CARD_AFTER_MS);
  const { fleet } = useWorkspace();
  const pointAt = (event: PointerEvent): void => setUnder(spotAt(layout, { x: event.nativeEvent.offsetX, y: event.nativeEvent.offsetY }));
  const onKey = (event: KeyboardEvent): void => {
    const next = event.key === "n" ? nextTrouble(layout, active, (id) => gpuStateNow(fleet, id)) : step(layout, active, event.key, event.ctrlKey);
    if (next !== undefined) {
      event.preventDefault();
      setActive(next);
    } else if (event.key === "Enter") {
      onChoose(gpuIdAt(layout, active));
    } else if (event.key === "Escape") {
      onChoose(undefined);
    }
  };
  return (
    <div ref={frame} className={styles.frame}>
      <div
        className={styles.map}
        role="grid"
        aria-label="GPUs by host"
        aria-rowcount={groups.length}
        aria-activedescendant={focused && gpuIdAt(layout, active) !== undefined ? `map-${gpuIdAt(layout, active)}` : undefined}
        tabIndex={0}
        style={{ height: layout.height }}
        onKeyDown={onKey}
        onFocus={() => {
          setFocused(true);
          setActive((before) => before ?? { block: 0, cell: 0 });
        }}
        onBlur={() => setFocused(false)}
      >
        <Picture layout={layout} view={view} job={jobAt(layout, shown)} />
        <ActiveRow layout={layout} active={active} />
        <div
          className={styles.surface}
          aria-hidden="true"
          onPointerMove={pointAt}
          onPointerLeave={() => setUnder(undefined)}
          onClick={() => onChoose(gpuIdAt(layout, under) === chosen ? undefined : gpuIdAt(layout, under))}
        />
        <Ring layout={layout} gpuId={chosen} kind="chosen" />
        {focused && <Ring layout={layout} gpuId={gpuIdAt(layout, active)} kind="active" />}
        <CardAt layout={layout} spot={shown ?? (focused ? active : undefined)} />
      </div>
    </div>
  );
}

function Picture({ layout, view, job }: { readonly layout: MapLayout; readonly view: FleetView; readonly job: string | undefined }) {
  const { fleet } = useWorkspace();
  const { theme } = useTheme();
  const element = useRef<HTMLCanvasElement>(null);
  const [canvas, setCanvas] = useState<MapCanvas>();
  useEffect(() => {
    if (element.current === null) return undefined;
    const created = new MapCanvas(element.current, fleet);
    setCanvas(created);
    return () => created.close();
  }, [fleet]);
  const { colouring, states, text } = view;
  const key = states.join(",");
  useEffect(() => {
    canvas?.show({ layout, colouring, states: key === "" ? [] : key.split(","), text, job });
    // The colours are read anew when the theme changes.
  }, [canvas, layout, colouring, key, text, job, theme]);
  return <canvas ref={element} className={styles.canvas} aria-hidden="true" />;
}

/** The one row that a screen reader finds: the host at which one is. */
function ActiveRow({ layout, active }: { readonly layout: MapLayout; readonly active: Spot | undefined }) {
  const { fleet } = useWorkspace();
  const index = active?.block ?? 0;
  const block = layout.blocks[index];
  if (block === undefined) return null;
  return (
    <div role="row" className="visually-hidden" aria-rowindex={index + 1} aria-label={block.group.host.name}>
      {block.group.gpus.map((gpu, cell) => (
        <div key={gpu.id} id={`map-${gpu.id}`} role="gridcell" aria-colindex={cell + 1} aria-selected={cell === active?.cell}>
          {spokenGpu(gpu, block.group.host.name, gpuStateNow(fleet, gpu.id))}
        </div>
      ))}
    </div>
  );
}

function Ring({ layout, gpuId, kind }: { readonly layout: MapLayout; readonly gpuId: string | undefined; readonly kind: "chosen" | "active" }) {
  const place = gpuId === undefined ? undefined : placeOf(layout, gpuId);
  if (place === undefined) return null;
  const side = layout.zoom.cell;
  return <span className={styles.ring} data-kind={kind} style={{ left: place.x, top: place.y, width: side, height: side }} aria-hidden="true" />;
}

function CardAt({ layout, spot }: { readonly layout: MapLayout; readonly spot: Spot | undefined }) {
  const gpuId = gpuIdAt(layout, spot);
  const place = gpuId === undefined ? undefined : placeOf(layout, gpuId);
  if (gpuId === undefined || place === undefined) return null;
  const right = place.x > layout.width / 2;
  const horizontal = right ? { right: layout.width - place.x + 8 } : { left: place.x + layout.zoom.cell + 8 };
  return (
    <div className={styles.card} style={{ top: place.y, ...horizontal }} aria-hidden="true">
      <GpuCard id={gpuId} />
    </div>
  );
}

function gpuIdAt(layout: MapLayout, spot: Spot | undefined): string | undefined {
  return spot === undefined ? undefined : layout.blocks[spot.block]?.group.gpus[spot.cell]?.id;
}

function jobAt(layout: MapLayout, spot: Spot | undefined): string | undefined {
  return spot === undefined ? undefined : layout.blocks[spot.block]?.group.gpus[spot.cell]?.allocations[0]?.job.id;
}

function placeOf(layout: MapLayout, gpuId: string) {
  for (const block of layout.blocks) {
    const index = block.group.gpus.findIndex(({ id }) => id === gpuId);
    if (index !== -1) return cellPlace(layout, block, index);
  }
  return undefined;
}

function useDelayed<T>(value: T | undefined, milliseconds: number): T | undefined {
  const [shown, setShown] = useState<T>();
  useEffect(() => {
    const timer = setTimeout(() => setShown(value), value === undefined ? 0 : milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return value === undefined ? undefined : shown;
}
