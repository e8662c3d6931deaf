// GPU-hours that organizations held, by organization and by day.
import { useSearchParams } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { useTimeZone } from "../app/timeZone";
import { OwnUsageDocument, UsageOfEveryoneDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Segments } from "../ui/controls";
import { download } from "../ui/download";
import { Meter } from "../ui/Meter";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import table from "../ui/table.module.css";
import { bounds, dayName, lastDays, type OrganizationDays, toCsv, total } from "./days";
import styles from "./UsagePage.module.css";
import { useUsage } from "./useUsage";

const LENGTHS: ReadonlyArray<readonly ["10" | "30" | "90", string]> = [
  ["10", "10 days"],
  ["30", "30 days"],
  ["90", "90 days"],
];

export function UsagePage() {
  const { viewer } = useWorkspace();
  const zone = useTimeZone();
  const [parameters, setParameters] = useSearchParams();
  const length = LENGTHS.find(([value]) => value === parameters.get("days"))?.[0] ?? "10";
  const count = Number(length);
  const { organizations, error } = useUsage(count, zone);
  const days = lastDays(count, new Date(), zone).map((day) => dayName(day, zone));
  const operation = viewer.role === "OPERATOR" ? UsageOfEveryoneDocument : OwnUsageDocument;
  return (
    <div className={styles.page}>
      <PageHead title="Usage" query={{ operation, variables: bounds(new Date(), 10, zone) }}>
        <Segments label="Days" value={length} options={LENGTHS} onChange={(value) => setParameters({ days: value }, { replace: true })} />
        <Button disabled={organizations === undefined} onClick={() => download(toCsv(days, organizations ?? []), `gpu-hours-${days.at(-1) ?? ""}.csv`, "text/csv")}>
          Save as CSV
        </Button>
      </PageHead>
      {error !== undefined && <Failure error={error} />}
      {organizations === undefined && error === undefined && <Loading what="the usage" />}
      {organizations !== undefined && organizations.length === 0 && <Empty title="No organization">You belong to none, so there is no usage of yours.</Empty>}
      {organizations !== undefined && organizations.length > 0 && (
        <>
          <ByOrganization organizations={organizations} days={count} />
          <ByDay organizations={organizations} days={days} />
        </>
      )}
    </div>
  );
}

function ByOrganization({ organizations, days }: { readonly organizations: readonly OrganizationDays[]; readonly days: number }) {
  const sorted = [...organizations].sort((a, b) => total(b.hours) - total(a.hours));
  const all = total(sorted.map(({ hours }) => total(hours)));
  return (
    <Panel title="By organization" aside={`${hoursText(all)} GPU-hours in ${days} days`} flush>
      <div className={styles.scroller} tabIndex={0}>
        <table className={table.table} aria-label="GPU-hours by organization">
          <thead>
            <tr>
              <th scope="col">Organization</th>
              <th scope="col" className={styles.meterHead}>Share</th>
              <th scope="col" className={table.number}>GPU-hours</th>
              <th scope="col" className={table.number}>GPUs on average</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map(({ slug, name, hours }) => (
              <tr key={slug}>
                <th scope="row">{name}</th>
                <td className={styles.meter}>
                  <Meter value={all === 0 ? 0 : total(hours) / all} family="run" />
                </td>
                <td className={table.number}>{hoursText(total(hours))}</td>
                <td className={table.number}>{averageText(total(hours) / 24 / days)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** More columns than this nobody reads; the file has all of them. */
const MOST_COLUMNS = 6;

function ByDay({ organizations, days }: { readonly organizations: readonly OrganizationDays[]; readonly days: readonly string[] }) {
  const columns = [...organizations].sort((a, b) => total(b.hours) - total(a.hours)).slice(0, MOST_COLUMNS);
  const totals = days.map((_, day) => total(organizations.map(({ hours }) => hours[day] ?? 0)));
  const most = Math.max(...totals);
  const newestFirst = days.map((day, index) => ({ day, index })).reverse();
  return (
    <Panel title="By day" aside="GPU-hours held" flush>
      <div className={styles.scroller} tabIndex={0}>
        <table className={table.table} aria-label="GPU-hours by day">
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col" className={styles.meterHead}>All</th>
              <th scope="col" className={table.number}>GPU-hours</th>
              {columns.map(({ slug }) => (
                <th key={slug} scope="col" className={table.number}>
                  {slug}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {newestFirst.map(({ day, index }) => (
              <tr key={day}>
                <th scope="row">{day}</th>
                <td className={styles.meter}>
                  <Meter value={most === 0 ? 0 : (totals[index] ?? 0) / most} family="run" />
                </td>
                <td className={table.number}>{hoursText(totals[index] ?? 0)}</td>
                {columns.map(({ slug, hours }) => (
                  <td key={slug} className={table.number}>
                    {hoursText(hours[index] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function hoursText(hours: number): string {
  return hours.toLocaleString("en", { maximumFractionDigits: hours < 10 ? 2 : 0 });
}

function averageText(gpus: number): string {
  return gpus > 0 && gpus < 0.01 ? "< 0.01" : gpus.toLocaleString("en", { maximumFractionDigits: 2 });
}
