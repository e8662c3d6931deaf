import { describe, expect, test } from "vitest";
import { actionWord, toAuditFilter } from "./auditFilter";
import { checkOrganization, EMPTY_ORGANIZATION, fieldsOf, quotaOf } from "./organizationForm";
import { rolesUpTo } from "./roles";

describe("an organization's form", () => {
  const fields = { name: " Vision Lab ", slug: "vision", weight: "2.5", guaranteedGpus: "4", maxGpus: "", maxQueuedJobs: "100" };

  test("becomes the input of the API", () => {
    const checked = checkOrganization(fields);
    if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
    expect(checked.input).toEqual({ name: "Vision Lab", slug: "vision", weight: 2.5, guaranteedGpus: 4, maxGpus: null, maxQueuedJobs: 100 });
    expect(quotaOf(checked.input)).toEqual({ guaranteedGpus: 4, maxGpus: null, maxQueuedJobs: 100 });
  });

  test("says at each field what is wrong with it", () => {
    const checked = checkOrganization({ name: " ", slug: "Not a slug", weight: "0", guaranteedGpus: "many", maxGpus: "-1", maxQueuedJobs: "1.5" });
    expect("problems" in checked && Object.keys(checked.problems).sort()).toEqual(["guaranteedGpus", "maxGpus", "maxQueuedJobs", "name", "slug", "weight"]);
    expect("problems" in checkOrganization(EMPTY_ORGANIZATION)).toBe(true);
  });

  test("is filled from the organization as it is", () => {
    const organization = {
      id: "o",
      version: 1,
      slug: "vision",
      name: "Vision",
      weight: 2,
      createdAt: "2030-01-01T00:00:00Z",
      quota: { guaranteedGpus: 4, maxGpus: null, maxQueuedJobs: 5 },
      usage: { allocatedGpus: 0, runningJobs: 0, queuedJobs: 0 },
    };
    expect(fieldsOf(organization)).toEqual({ name: "Vision", slug: "vision", weight: "2", guaranteedGpus: "4", maxGpus: "", maxQueuedJobs: "5" });
  });
});

test("nobody is offered a role above their own", () => {
  expect(rolesUpTo("ADMIN").map(([role]) => role)).toEqual(["VIEWER", "MEMBER", "ADMIN"]);
  expect(rolesUpTo("OPERATOR").at(-1)?.[0]).toBe("OPERATOR");
});

describe("the audit trail's filter", () => {
  test("holds what was chosen, and nothing that the API does not know", () => {
    expect(toAuditFilter(" ada ", "CANCEL_JOB")).toEqual({ actor: "ada", action: ["CANCEL_JOB"] });
    expect(toAuditFilter("", "NONSENSE")).toEqual({});
  });

  test("an action that is not known yet is named as such", () => {
    expect(actionWord(null)).toContain("newer");
  });
});
