// GPU-hours that were held, beside those that were used: by whom or for what, day by day, and who held most for nothing.
import { useState } from "react";
import { useSearchParams } from "wouter";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { UsageDocument, UsageFileDocument, type UsageQuery } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Segments } from "../ui/controls";
import { download } from "../ui/download";
import { formatPercent, plural } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import table from "../ui/table.module.css";
import { amounts, type Amounts, asked, type Dimension, DIMENSION_NAMES, DIMENSIONS, everyDay, nameOf, sinceDays, toCsv, usedPart } from "./usage";
import styles from "./UsagePage.module.css";
import { UseBar, UseKey } from "./UseBar";
import { useUsage } from "./useUsage";

const LENGTHS: ReadonlyArray<readonly ["7" | "30" | "90", string]> = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
];
const BY: ReadonlyArray<readonly [Dimension, string]> = DIMENSIONS.map((dimension) => [dimension, DIMENSION_NAMES[dimension]]);

export function UsagePage() {
  const [parameters, setParameters] = useSearchParams();
  const length = LENGTHS.find(([value]) => value === parameters.get("days"))?.[0] ?? "7";
  const dimension = DIMENSIONS.find((known) => known === parameters.get("by")) ?? "organization";
  const days = Number(length);
  const { usage, error } = useUsage(dimension, days);
  const set = (name: "days" | "by", value: string): void =>
    setParameters(
      (now) => {
        now.set(name, value);
        return now;
      },
      { replace: true },
    );
  return (
    <div className={styles.page}>
      <PageHead title="Usage" query={{ operation: UsageDocument, variables: { by: [asked(dimension)], since: sinceDays(days, new Date()) } }}>
        <Segments label="By" value={dimension} options={BY} onChange={(by) => set("by", by)} />
        <Segments label="Days" value={length} options={LENGTHS} onChange={(value) => set("days", value)} />
        <SaveButton dimension={dimension} days={days} />
      </PageHead>
      {error !== undefined && <Failure error={error} />}
      {usage === undefined && error === undefined && <Loading what="the usage" />}
      {usage !== undefined && <Content usage={usage} dimension={dimension} days={days} />}
    </div>
  );
}

function Content({ usage, dimension, days }: { readonly usage: UsageQuery; readonly dimension: Dimension; readonly days: number }) {
  const total = amounts(usage.groups.total);
  if (total.held === 0) return <Empty title="Nothing was held in this time">GPUs are counted as held from the moment at which a job gets them.</Empty>;
  return (
    <>
      <div className={styles.sentence}>
        <p>{sentence(total)}</p>
        <UseKey />
      </div>
      <Groups rows={usage.groups.rows} dimension={dimension} />
      <Days rows={usage.days.rows} days={days} />
    </>
  );
}

function sentence(total: Amounts): string {
  const part = usedPart(total);
  const held = `${hoursText(total.held)} GPU-hours were held`;
  if (part === undefined) return `${held}. How much of them was used is not told yet: hours are summed up when they are over.`;
  // A number stays with its unit.
  return `${held}. Of what the cards told of, ${formatPercent(part * 100).replace(" ", "\u00a0")} was used; ${hoursText(total.idle)} GPU-hours were held idle.`;
}

function Groups({ rows, dimension }: { readonly rows: UsageQuery["groups"]["rows"]; readonly dimension: Dimension }) {
  const [byWaste, setByWaste] = useState(false);
  const groups = rows.map((row) => ({ name: nameOf(row, dimension), jobs: row.jobs, amounts: amounts(row) }));
  const sorted = groups.sort((a, b) => (byWaste ? b.amounts.idle - a.amounts.idle : b.amounts.held - a.amounts.held));
  const most = Math.max(...groups.map((group) => group.amounts.held));
  const name = DIMENSION_NAMES[dimension];
  return (
    <Panel
      title={`By ${name.startsWith("GPU") ? name : name.toLowerCase()}`}
      aside={
        <Button kind="quiet" aria-pressed={byWaste} onClick={() => setByWaste(!byWaste)}>
          Most idle first
        </Button>
      }
      flush
    >
      <div className={styles.scroller} tabIndex={0}>
        <table className={table.table} aria-label={`GPU-hours by ${name}`}>
          <thead>
            <tr>
              <th scope="col">{name}</th>
              <th scope="col" className={styles.meterHead}>GPU-hours</th>
              <AmountHeads />
              <th scope="col" className={table.number}>Jobs</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((group) => (
              <tr key={group.name}>
                <th scope="row" dir="auto">{group.name}</th>
                <td className={styles.meter}>
                  <UseBar amounts={group.amounts} most={most} />
                </td>
                <AmountCells amounts={group.amounts} />
                <td className={table.number}>{group.jobs.toLocaleString("en")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Days({ rows, days }: { readonly rows: UsageQuery["days"]["rows"]; readonly days: number }) {
  const all = everyDay(rows, days, new Date());
  const most = Math.max(...all.map((day) => day.amounts.held));
  return (
    <Panel title="By day" aside="days of UTC" flush>
      <div className={styles.scroller} tabIndex={0}>
        <table className={table.table} aria-label="GPU-hours by day">
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col" className={styles.meterHead}>GPU-hours</th>
              <AmountHeads />
            </tr>
          </thead>
          <tbody>
            {all.map((day) => (
              <tr key={day.day}>
                <th scope="row">{day.day}</th>
                <td className={styles.meter}>
                  <UseBar amounts={day.amounts} most={most} />
                </td>
                <AmountCells amounts={day.amounts} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function AmountHeads() {
  return (
    <>
      <th scope="col" className={table.number}>Held</th>
      <th scope="col" className={table.number}>Used</th>
      <th scope="col" className={table.number}>Idle</th>
      <th scope="col" className={table.number}>Use</th>
    </>
  );
}

function AmountCells({ amounts: amount }: { readonly amounts: Amounts }) {
  const part = usedPart(amount);
  return (
    <>
      <td className={table.number}>{hoursText(amount.held)}</td>
      <td className={table.number}>{part === undefined ? "–" : hoursText(amount.used)}</td>
      <td className={table.number}>{part === undefined ? "–" : hoursText(amount.idle)}</td>
      <td className={table.number}>{formatPercent(part === undefined ? undefined : part * 100)}</td>
    </>
  );
}

function SaveButton({ dimension, days }: { readonly dimension: Dimension; readonly days: number }) {
  const { api } = useWorkspace();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const save = (): void => {
    setBusy(true);
    setError(undefined);
    api
      .query(UsageFileDocument, { by: ["DAY", asked(dimension)], since: sinceDays(days, new Date()) })
      .then(({ usageBreakdown: { rows } }) => download(toCsv(rows, dimension), `gpu-hours-by-${dimension}-${plural(days, "day").replace(" ", "-")}.csv`, "text/csv"))
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <Button disabled={busy} onClick={save}>
        Save as CSV
      </Button>
    </>
  );
}

function hoursText(hours: number): string {
  if (hours > 0 && hours < 0.005) return "< 0.01";
  return hours.toLocaleString("en", { maximumFractionDigits: hours < 10 ? 2 : 0 });
}
