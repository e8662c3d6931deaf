// From what is typed about a host to what is changed of it.
import type { Described } from "../edit/differences";
import type { UpdateHostInput } from "../generated/graphql";
import { UNKNOWN } from "../ui/format";
import { presentHost } from "./gpuState";
import type { HostFacts } from "./useHostDetail";

export interface HostFields {
  /** Empty: it serves every organization. */
  readonly organizationId: string;
  /** key=value, one a line. */
  readonly labels: string;
}

/** Only what is another than it was: the rest may have been changed by somebody else meanwhile. */
export function hostChanges(host: HostFacts, fields: HostFields): Partial<UpdateHostInput> {
  const labels = labelsOf(fields.labels);
  const same = JSON.stringify(labels) === JSON.stringify(host.labels.map(({ key, value }) => ({ key, value })));
  return {
    ...(fields.organizationId !== (host.organization?.id ?? "") && (fields.organizationId === "" ? { shared: true } : { organizationId: fields.organizationId })),
    ...(!same && { labels }),
  };
}

export function labelProblem(text: string): string | undefined {
  return lines(text).every((line) => /^[^=]+=/.test(line)) ? undefined : "must be one key=value a line";
}

export function describeHost(host: HostFacts): Described {
  return [
    ["Status", presentHost(host.status).word],
    ["Why", host.statusReason ?? UNKNOWN],
    ["Serves", host.organization?.name ?? "every organization"],
    ["Labels", host.labels.map(({ key, value }) => `${key}=${value}`).join(" ")],
  ];
}

function labelsOf(text: string) {
  return lines(text).map((line) => {
    const at = line.indexOf("=");
    return { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
  });
}

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
