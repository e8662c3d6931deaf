// Makes an organization.
import { type FormEvent, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { CreateOrganizationDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Notice";
import type { FieldProblems } from "../ui/validation";
import { checkOrganization, EMPTY_ORGANIZATION, idlePolicyOf, type OrganizationFields, quotaOf } from "./organizationForm";
import { OrganizationFieldset } from "./OrganizationFieldset";

export function CreateOrganizationDialog({ onClose }: { readonly onClose: () => void }) {
  const { api, organizations } = useWorkspace();
  const [fields, setFields] = useState<OrganizationFields>(EMPTY_ORGANIZATION);
  const [problems, setProblems] = useState<FieldProblems<keyof OrganizationFields>>({});
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const checked = checkOrganization(fields);
    setProblems("problems" in checked ? checked.problems : {});
    if ("problems" in checked) return;
    const { name, slug, weight } = checked.input;
    setBusy(true);
    setError(undefined);
    api
      .mutate(CreateOrganizationDocument, { input: { name, slug, weight, quota: quotaOf(checked.input), idlePolicy: idlePolicyOf(checked.input) } })
      .then(({ createOrganization }) => {
        organizations.take(createOrganization.organization);
        onClose();
      })
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  return (
    <Dialog
      title="New organization"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Do not make one</Button>
          <Button kind="primary" type="submit" form="new-organization" disabled={busy}>Make it</Button>
        </>
      }
    >
      <form id="new-organization" onSubmit={submit} noValidate>
        <OrganizationFieldset fields={fields} problems={problems} onChange={setFields} slugFixed={false} />
      </form>
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
