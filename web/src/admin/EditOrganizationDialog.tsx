// Edits an organization under the version that one has seen. If someone else was first, it says what is different now.
import { type FormEvent, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { ConflictNotice } from "../edit/ConflictNotice";
import type { Described } from "../edit/differences";
import { useVersionedEdit } from "../edit/useVersionedEdit";
import { OrganizationBySlugDocument, UpdateOrganizationDocument } from "../generated/graphql";
import type { Organization } from "../live/organizationStore";
import { idlePolicyWords } from "../organizations/idlePolicy";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { formatGpus } from "../ui/format";
import { Failure } from "../ui/Notice";
import type { FieldProblems } from "../ui/validation";
import { checkOrganization, fieldsOf, idlePolicyOf, type OrganizationFields, quotaOf } from "./organizationForm";
import { OrganizationFieldset } from "./OrganizationFieldset";

export function EditOrganizationDialog({ organization, onClose }: { readonly organization: Organization; readonly onClose: () => void }) {
  const { api, organizations } = useWorkspace();
  const [fields, setFields] = useState(() => fieldsOf(organization));
  const [problems, setProblems] = useState<FieldProblems<keyof OrganizationFields>>({});
  const edit = useVersionedEdit<Organization>({
    opened: organization,
    describe: describeOrganization,
    save: async (expectedVersion) => {
      const checked = checkOrganization(fields);
      if ("problems" in checked) return;
      const { name, weight } = checked.input;
      const input = { id: organization.id, expectedVersion, name, weight, quota: quotaOf(checked.input), idlePolicy: idlePolicyOf(checked.input) };
      organizations.take((await api.mutate(UpdateOrganizationDocument, { input })).updateOrganization.organization);
    },
    fetchNow: async () => (await api.query(OrganizationBySlugDocument, { slug: organization.slug })).organization ?? undefined,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const checked = checkOrganization(fields);
    setProblems("problems" in checked ? checked.problems : {});
    if ("input" in checked) void edit.submit().then((saved) => saved && onClose());
  };
  return (
    <Dialog
      title={`Edit ${organization.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button kind="primary" type="submit" form="edit-organization" disabled={edit.busy}>
            {edit.conflict === undefined ? "Save" : "Save over it"}
          </Button>
        </>
      }
    >
      <form id="edit-organization" onSubmit={submit} noValidate>
        <OrganizationFieldset fields={fields} problems={problems} onChange={setFields} slugFixed />
      </form>
      {edit.conflict !== undefined && <ConflictNotice what="this organization" differences={edit.conflict} />}
      {edit.error !== undefined && <Failure error={edit.error} />}
    </Dialog>
  );
}

function describeOrganization({ name, weight, quota, idlePolicy }: Organization): Described {
  return [
    ["Name", name],
    ["Weight", weight.toString()],
    ["Guaranteed GPUs", formatGpus(quota.guaranteedGpus)],
    ["GPUs at most", quota.maxGpus === null ? "no ceiling" : formatGpus(quota.maxGpus)],
    ["Waiting jobs at most", quota.maxQueuedJobs === null ? "no ceiling" : quota.maxQueuedJobs.toString()],
    ["Idle GPUs", idlePolicyWords(idlePolicy)],
  ];
}
