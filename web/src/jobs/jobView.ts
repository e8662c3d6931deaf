// Which jobs the list shows and in which order, as it stands in the URL:
// ?state=QUEUED,RUNNING&q=llama&model=bert&org=vision&by=ada&label=team=nlp&sort=priority. What is absent or unknown filters nothing.
import type { JobFilter, JobOrder, JobStatus } from "../generated/graphql";
import type { Job } from "../live/jobStore";
import { ALL_STATUSES } from "./jobStatus";

export const SORTS = ["newest", "oldest", "priority", "updated"] as const;
export type Sort = (typeof SORTS)[number];

export interface Label {
  readonly key: string;
  readonly value: string;
}

export interface JobView {
  readonly statuses: readonly JobStatus[];
  readonly text: string;
  readonly model: string;
  /** A slug. */
  readonly organization: string;
  /** Who submitted them, as `submittedBy` names it. */
  readonly by: string;
  readonly labels: readonly Label[];
  /** Undefined: those that live first, and of both the newest first. */
  readonly sort: Sort | undefined;
}

export const EVERY_JOB: JobView = { statuses: [], text: "", model: "", organization: "", by: "", labels: [], sort: undefined };

export function parseView(search: string): JobView {
  const parameters = new URLSearchParams(search);
  const words = (parameters.get("state") ?? "").toUpperCase().split(",");
  const sort = parameters.get("sort");
  return {
    statuses: ALL_STATUSES.filter((status) => words.includes(status)),
    text: parameters.get("q") ?? "",
    model: parameters.get("model") ?? "",
    organization: parameters.get("org") ?? "",
    by: parameters.get("by") ?? "",
    labels: parameters.getAll("label").map(parseLabel).filter((label) => label !== undefined),
    sort: SORTS.find((known) => known === sort),
  };
}

/** Other parameters of the URL stay as they are. */
export function writeView(search: string, view: JobView): string {
  const parameters = new URLSearchParams(search);
  const set = (name: string, value: string): void => (value === "" ? parameters.delete(name) : parameters.set(name, value));
  const chosen = ALL_STATUSES.filter((status) => view.statuses.includes(status));
  set("state", chosen.length === ALL_STATUSES.length ? "" : chosen.join(","));
  set("q", view.text.trim());
  set("model", view.model.trim());
  set("org", view.organization);
  set("by", view.by);
  set("sort", view.sort ?? "");
  parameters.delete("label");
  view.labels.forEach(({ key, value }) => parameters.append("label", `${key}=${value}`));
  // Commas and equals signs need no escape in a query, and a link with plain ones can be read and typed.
  return parameters.toString().replaceAll("%2C", ",").replaceAll("%3D", "=");
}

/** "team=nlp"; a value may hold equals signs, a key may not. */
export function parseLabel(text: string): Label | undefined {
  const at = text.indexOf("=");
  return at <= 0 ? undefined : { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

export function isNarrowed(view: JobView): boolean {
  return view.statuses.length > 0 || hasWords(view);
}

/** Filters by anything but the status. */
export function hasWords({ text, model, organization, by, labels }: JobView): boolean {
  return text.trim() !== "" || model.trim() !== "" || organization !== "" || by !== "" || labels.length > 0;
}

export function toggled(statuses: readonly JobStatus[], status: JobStatus): JobStatus[] {
  const without = statuses.filter((other) => other !== status);
  return without.length === statuses.length ? [...statuses, status] : without;
}

/** What the server is asked for. It knows organizations by their id. */
export function toFilter(view: JobView, statuses: readonly JobStatus[], organizationId: string | undefined): JobFilter {
  return {
    status: [...statuses],
    ...(view.text.trim() !== "" && { nameContains: view.text.trim() }),
    ...(view.model.trim() !== "" && { modelType: view.model.trim() }),
    ...(organizationId !== undefined && { organizationId }),
    ...(view.by !== "" && { submittedBy: view.by }),
    ...(view.labels.length > 0 && { labels: view.labels.map(({ key, value }) => ({ key, value })) }),
  };
}

const ORDERS: Readonly<Record<Sort, JobOrder>> = {
  newest: { field: "SUBMITTED_AT", direction: "DESC" },
  oldest: { field: "SUBMITTED_AT", direction: "ASC" },
  priority: { field: "PRIORITY", direction: "DESC" },
  updated: { field: "UPDATED_AT", direction: "DESC" },
};

export function toOrder(sort: Sort | undefined): JobOrder {
  return ORDERS[sort ?? "newest"];
}

/** Whether a job that came by an event passes the filter: by the rules of the server. */
export function passes(job: Job, filter: JobFilter): boolean {
  const { status, nameContains, modelType, organizationId, submittedBy, labels } = filter;
  if (status !== null && status !== undefined && !status.includes(job.status)) return false;
  if (nameContains !== null && nameContains !== undefined && !job.name.toLowerCase().includes(nameContains.toLowerCase())) return false;
  if (modelType !== null && modelType !== undefined && job.modelType !== modelType) return false;
  if (organizationId !== null && organizationId !== undefined && job.organization.id !== organizationId) return false;
  if (submittedBy !== null && submittedBy !== undefined && job.submittedBy !== submittedBy) return false;
  return (labels ?? []).every((wanted) => job.labels.some(({ key, value }) => key === wanted.key && value === wanted.value));
}
