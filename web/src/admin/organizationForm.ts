// From what is typed about an organization to the API's input, and back. Checked by types and rules in one place.
import * as v from "valibot";
import type { IdleAction } from "../generated/graphql";
import type { Organization } from "../live/organizationStore";
import { type FieldProblems, problemsOf } from "../ui/validation";

export interface OrganizationFields {
  readonly name: string;
  readonly slug: string;
  readonly weight: string;
  readonly guaranteedGpus: string;
  readonly maxGpus: string;
  readonly maxQueuedJobs: string;
  readonly idleAction: IdleAction;
  readonly idleWindow: string;
  readonly idleGrace: string;
  readonly idleUtilization: string;
}

/** With the policy for idle jobs that the server gives to those who name none. */
export const EMPTY_ORGANIZATION: OrganizationFields = {
  name: "",
  slug: "",
  weight: "1",
  guaranteedGpus: "",
  maxGpus: "",
  maxQueuedJobs: "",
  idleAction: "NOTIFY",
  idleWindow: "30",
  idleGrace: "15",
  idleUtilization: "5",
};

const A_DAY_IN_MINUTES = 1440;
const HIGHEST_IDLE_PERCENT = 50;

const amount = (what: string) =>
  v.pipe(
    v.string(),
    v.trim(),
    v.transform((text) => (text === "" ? null : Number(text))),
    v.nullable(v.pipe(v.number(`${what} must be a number.`), v.finite(`${what} must be a number.`), v.minValue(0, `${what} must not be negative.`))),
  );

const whole = (unit: string, most: number) => {
  const needed = `${unit} between 1 and ${most.toLocaleString("en")}.`;
  return v.pipe(v.string(), v.trim(), v.transform(Number), v.integer(needed), v.minValue(1, needed), v.maxValue(most, needed));
};

const FORM = v.object({
  name: v.pipe(v.string(), v.trim(), v.nonEmpty("A name is needed.")),
  slug: v.pipe(v.string(), v.trim(), v.regex(/^[a-z0-9][a-z0-9-]*$/, "Lower-case letters, digits and dashes, beginning with a letter or a digit.")),
  weight: v.pipe(v.string(), v.trim(), v.transform(Number), v.number("The weight must be a number."), v.gtValue(0, "The weight must be more than zero.")),
  guaranteedGpus: amount("What is guaranteed"),
  maxGpus: amount("The ceiling"),
  maxQueuedJobs: v.pipe(amount("The ceiling of waiting jobs"), v.nullable(v.pipe(v.number(), v.integer("Jobs are whole.")))),
  idleAction: v.picklist(["NOTHING", "NOTIFY", "STOP"]),
  idleWindow: whole("Minutes", A_DAY_IN_MINUTES),
  idleGrace: whole("Minutes", A_DAY_IN_MINUTES),
  idleUtilization: whole("Percent", HIGHEST_IDLE_PERCENT),
});

export type OrganizationInput = v.InferOutput<typeof FORM>;

export type Checked = { readonly input: OrganizationInput } | { readonly problems: FieldProblems<keyof OrganizationFields> };

export function checkOrganization(fields: OrganizationFields): Checked {
  const result = v.safeParse(FORM, fields);
  return result.success ? { input: result.output } : { problems: problemsOf(result.issues) };
}

export function quotaOf({ guaranteedGpus, maxGpus, maxQueuedJobs }: OrganizationInput) {
  return { guaranteedGpus: guaranteedGpus ?? 0, maxGpus, maxQueuedJobs };
}

export function idlePolicyOf({ idleAction, idleWindow, idleGrace, idleUtilization }: OrganizationInput) {
  return { action: idleAction, windowMinutes: idleWindow, graceMinutes: idleGrace, utilizationPercent: idleUtilization };
}

export function fieldsOf({ name, slug, weight, quota, idlePolicy }: Organization): OrganizationFields {
  const text = (value: number | null): string => (value === null ? "" : value.toString());
  return {
    name,
    slug,
    weight: weight.toString(),
    guaranteedGpus: text(quota.guaranteedGpus),
    maxGpus: text(quota.maxGpus),
    maxQueuedJobs: text(quota.maxQueuedJobs),
    idleAction: idlePolicy.action,
    idleWindow: idlePolicy.windowMinutes.toString(),
    idleGrace: idlePolicy.graceMinutes.toString(),
    idleUtilization: idlePolicy.utilizationPercent.toString(),
  };
}
