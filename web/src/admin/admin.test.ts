import { describe, expect, test } from "vitest";
import { actionWord, toAuditFilter } from "./auditFilter";
import { checkOrganization, EMPTY_ORGANIZATION, fieldsOf, idlePolicyOf, type OrganizationFields, quotaOf } from "./organizationForm";
import { idlePolicyWords } from "../organizations/idlePolicy";
import { rolesUpTo } from "./roles";

describe("an organization's form", () => {
  const fields: OrganizationFields = {
    name: " Vision Lab ",
    slug: "vision",
    weight: "2.5",
    guaranteedGpus: "4",
    maxGpus: "",
    maxQueuedJobs: "100",
    idleAction: "STOP",
    idleWindow: " 60 ",
    idleGrace: "20",
    idleUtilization: "10",
  };
  const idlePolicy = { action: "STOP", windowMinutes: 60, graceMinutes: 20, utilizationPercent: 10 } as const;

  test("becomes the input of the API", () => {
    const checked = checkOrganization(fields);
    if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
    expect(checked.input).toMatchObject({ name: "Vision Lab", slug: "vision", weight: 2.5 });
    expect(idlePolicyOf(checked.input)).toEqual(idlePolicy);
    expect(quotaOf(checked.input)).toEqual({ guaranteedGpus: 4, maxGpus: null, maxQueuedJobs: 100 });
  });

  test("says at each field what is wrong with it", () => {
    const wrong = { name: " ", slug: "Not a slug", weight: "0", guaranteedGpus: "many", maxGpus: "-1", maxQueuedJobs: "1.5" };
    const checked = checkOrganization({ ...wrong, idleAction: "STOP", idleWindow: "0", idleGrace: "1441", idleUtilization: "2.5" });
    expect("problems" in checked && Object.keys(checked.problems).sort()).toEqual([
      "guaranteedGpus",
      "idleGrace",
      "idleUtilization",
      "idleWindow",
      "maxGpus",
      "maxQueuedJobs",
      "name",
      "slug",
      "weight",
    ]);
    const empty = checkOrganization(EMPTY_ORGANIZATION);
    expect("problems" in empty && Object.keys(empty.problems).sort()).toEqual(["name", "slug"]);
  });

  test.each(["", "many", "1e9"])("takes no window of %j minutes", (idleWindow) => {
    const checked = checkOrganization({ ...fields, idleWindow });
    expect("problems" in checked && checked.problems).toEqual({ idleWindow: "Minutes between 1 and 1,440." });
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
      idlePolicy,
      usage: { allocatedGpus: 0, runningJobs: 0, queuedJobs: 0 },
    };
    expect(fieldsOf(organization)).toEqual({
      name: "Vision",
      slug: "vision",
      weight: "2",
      guaranteedGpus: "4",
      maxGpus: "",
      maxQueuedJobs: "5",
      idleAction: "STOP",
      idleWindow: "60",
      idleGrace: "20",
      idleUtilization: "10",
    });
  });
});

test("what becomes of idle GPUs is a phrase", () => {
  const policy = { windowMinutes: 30, graceMinutes: 15, utilizationPercent: 5 };
  expect(idlePolicyWords({ action: "NOTHING", ...policy })).toBe("nobody looks");
  expect(idlePolicyWords({ action: "NOTIFY", ...policy })).toBe("warned after 30 min below 5 %, told of again 15 min later");
  expect(idlePolicyWords({ action: "STOP", ...policy })).toBe("warned after 30 min below 5 %, stopped 15 min later, to wait again");
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
