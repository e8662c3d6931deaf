// Whom a host serves and which labels it has: operators only, under the version that they have seen.
import { type FormEvent, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { ConflictNotice } from "../edit/ConflictNotice";
import { useVersionedEdit } from "../edit/useVersionedEdit";
import { HostDetailDocument, UpdateHostDocument } from "../generated/graphql";
import { useOrganizations } from "../organizations/useOrganizations";
import { Button } from "../ui/Button";
import { Select } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Failure } from "../ui/Notice";
import styles from "./EditHostDialog.module.css";
import { describeHost, hostChanges, type HostFields, labelProblem } from "./hostForm";
import type { HostFacts } from "./useHostDetail";

interface Props {
  readonly host: HostFacts;
  readonly onChanged: (host: HostFacts) => void;
}

export function EditHostButton({ host, onChanged }: Props) {
  const { viewer } = useWorkspace();
  const [opened, setOpened] = useState<HostFacts>();
  if (viewer.role !== "OPERATOR") return null;
  return (
    <>
      <Button onClick={() => setOpened(host)}>Edit</Button>
      {opened !== undefined && <EditHostDialog host={opened} onChanged={onChanged} onClose={() => setOpened(undefined)} />}
    </>
  );
}

function EditHostDialog({ host, onChanged, onClose }: Props & { readonly onClose: () => void }) {
  const { api } = useWorkspace();
  const state = useOrganizations();
  const [fields, setFields] = useState<HostFields>(() => ({
    organizationId: host.organization?.id ?? "",
    labels: host.labels.map(({ key, value }) => `${key}=${value}`).join("\n"),
  }));
  const problem = labelProblem(fields.labels);
  const edit = useVersionedEdit<HostFacts>({
    opened: host,
    describe: describeHost,
    save: async (expectedVersion) => {
      const input = { id: host.id, expectedVersion, ...hostChanges(host, fields) };
      onChanged((await api.mutate(UpdateHostDocument, { input })).updateHost.host);
    },
    fetchNow: async () => (await api.query(HostDetailDocument, { id: host.id })).host ?? undefined,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (problem === undefined) void edit.submit().then((saved) => saved && onClose());
  };
  const organizations = state.phase === "ready" ? state.all.map(({ id, name }) => [id, `${name} alone`] as const) : [];
  return (
    <Dialog
      title={`Edit ${host.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button kind="primary" type="submit" form="edit-host" disabled={edit.busy}>
            {edit.conflict === undefined ? "Save" : "Save over it"}
          </Button>
        </>
      }
    >
      <form id="edit-host" className={styles.form} onSubmit={submit} noValidate>
        <div className={styles.row}>
          <span>Serves</span>
          <Select
            label="Serves"
            value={fields.organizationId}
            options={[["", "every organization"], ...organizations]}
            onChange={(organizationId) => setFields({ ...fields, organizationId })}
          />
        </div>
        <Field
          name="labels"
          label="Labels"
          multiline
          value={fields.labels}
          onChange={(labels) => setFields({ ...fields, labels })}
          error={problem}
          hint="key=value, one a line. Jobs may ask for them."
        />
      </form>
      {edit.conflict !== undefined && <ConflictNotice what="this host" differences={edit.conflict} />}
      {edit.error !== undefined && <Failure error={edit.error} />}
    </Dialog>
  );
}
