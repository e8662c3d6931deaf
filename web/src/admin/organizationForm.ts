// From what is typed about an organization to the API's input, and back. Checked by types and rules in one place.
import * as v from "valibot";
import type { Organization } from "../live/organizationStore";
import { type FieldProblems, problemsOf } from "../ui/validation";

export interface OrganizationFields {
  readonly name: string;
  readonly slug: string;
  readonly weight: string;
  readonly guaranteedGpus: string;
  readonly maxGpus: string;
  readonly maxQueuedJobs: string;
}

export const EMPTY_ORGANIZATION: OrganizationFields = { name: "", slug: "", weight: "1", guaranteedGpus: "", maxGpus: "", maxQueuedJobs: "" };

const amount = (what: string) =>
  v.pipe(
    v.string(),
    v.trim(),
    v.transform((text) => (text === "" ? null : Number(text))),
    v.nullable(v.pipe(v.number(`${what} must be a number.`), v.finite(`${what} must be a number.`), v.minValue(0, `${what} must not be negative.`))),
  );

const FORM = v.object({
  name: v.pipe(v.string(), v.trim(), v.nonEmpty("A name is needed.")),
  slug: v.pipe(v.string(), v.trim(), v.regex(/^[a-z0-9][a-z0-9-]*$/, "Lower-case letters, digits and dashes, beginning with a letter or a digit.")),
  weight: v.pipe(v.string(), v.trim(), v.transform(Number), v.number("The weight must be a number."), v.gtValue(0, "The weight must be more than zero.")),
  guaranteedGpus: amount("What is guaranteed"),
  maxGpus: amount("The ceiling"),
  maxQueuedJobs: v.pipe(amount("The ceiling of waiting jobs"), v.nullable(v.pipe(v.number(), v.integer("Jobs are whole.")))),
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

export function fieldsOf({ name, slug, weight, quota }: Organization): OrganizationFields {
  const text = (value: number | null): string => (value === null ? "" : value.toString());
  return {
    name,
    slug,
    weight: weight.toString(),
    guaranteedGpus: text(quota.guaranteedGpus),
    maxGpus: text(quota.maxGpus),
    maxQueuedJobs: text(quota.maxQueuedJobs),
  };
}
