// Takes a host out of service, and back: operators only, with a reason, under the version that they have seen.
import { type FormEvent, useState } from "react";
import { useWorkspace } from "../app/LiveContext";
import { ConflictNotice } from "../edit/ConflictNotice";
import { useVersionedEdit } from "../edit/useVersionedEdit";
import { HostDetailDocument, UpdateHostDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Failure } from "../ui/Notice";
import { describeHost } from "./hostForm";
import type { HostFacts } from "./useHostDetail";

interface Props {
  readonly host: HostFacts;
  readonly onChanged: (host: HostFacts) => void;
}

export function DrainButton({ host, onChanged }: Props) {
  const { viewer } = useWorkspace();
  const [opened, setOpened] = useState<HostFacts>();
  const forbidden = viewer.role === "OPERATOR" ? undefined : "Only operators take hosts out of service.";
  return (
    <>
      <Button disabled={forbidden !== undefined} title={forbidden} onClick={() => setOpened(host)}>
        {takesWork(host) ? "Drain" : "Take back into service"}
      </Button>
      {opened !== undefined && <DrainDialog host={opened} onChanged={onChanged} onClose={() => setOpened(undefined)} />}
    </>
  );
}

function takesWork(host: HostFacts): boolean {
  return host.status !== "DRAINING" && host.status !== "DRAINED";
}

function DrainDialog({ host, onChanged, onClose }: Props & { readonly onClose: () => void }) {
  const { api } = useWorkspace();
  const [drain] = useState(takesWork(host));
  const [reason, setReason] = useState("");
  const edit = useVersionedEdit<HostFacts>({
    opened: host,
    describe: describeHost,
    save: async (expectedVersion) => {
      const input = { id: host.id, expectedVersion, drain, ...(reason.trim() !== "" && { reason: reason.trim() }) };
      onChanged((await api.mutate(UpdateHostDocument, { input })).updateHost.host);
    },
    fetchNow: async () => (await api.query(HostDetailDocument, { id: host.id })).host ?? undefined,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void edit.submit().then((saved) => saved && onClose());
  };
  return (
    <Dialog
      title={drain ? `Drain ${host.name}?` : `Take ${host.name} back into service?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it as it is</Button>
          <Button kind="primary" type="submit" form="drain-host" disabled={edit.busy}>
            {edit.conflict === undefined ? (drain ? "Drain it" : "Take it back") : "Do it all the same"}
          </Button>
        </>
      }
    >
      <p>{drain ? "Nothing new is placed on it. What runs on it goes on to its end." : "Jobs are placed on it again."}</p>
      <form id="drain-host" onSubmit={submit} noValidate>
        {drain && <Field name="reason" label="Reason" value={reason} onChange={setReason} error={undefined} hint="Others read it beside the host." />}
      </form>
      {edit.conflict !== undefined && <ConflictNotice what="this host" differences={edit.conflict} />}
      {edit.error !== undefined && <Failure error={edit.error} />}
    </Dialog>
  );
}
