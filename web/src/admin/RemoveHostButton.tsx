// Takes a host out of the fleet for good, after asking.
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { RemoveHostDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Notice";

interface Props {
  readonly host: { readonly id: string; readonly name: string; readonly version: number };
  readonly onRemoved: () => void;
}

export function RemoveHostButton({ host, onRemoved }: Props) {
  const { api } = useWorkspace();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const remove = (): void => {
    setBusy(true);
    setError(undefined);
    api
      .mutate(RemoveHostDocument, { input: { id: host.id, expectedVersion: host.version } })
      .then(() => {
        setOpen(false);
        onRemoved();
      })
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Button kind="danger" aria-label={`Remove ${host.name}`} onClick={() => setOpen(true)}>
        Remove
      </Button>
      {open && (
        <Dialog
          title={`Remove ${host.name} from the fleet?`}
          onClose={() => setOpen(false)}
          actions={
            <>
              <Button onClick={() => setOpen(false)}>No, keep it</Button>
              <Button kind="danger" disabled={busy} onClick={remove}>Yes, remove it</Button>
            </>
          }
        >
          <p>Its agent's key is revoked, and its GPUs leave the fleet. Nothing may be allocated on it. To come back it needs a new join token.</p>
          {error !== undefined && <Failure error={error} />}
        </Dialog>
      )}
    </>
  );
}
