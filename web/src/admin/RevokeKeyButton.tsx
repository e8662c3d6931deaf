// Takes a key back, after asking.
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { type ApiKeyRowFragment, RevokeApiKeyDocument } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Notice";

export function RevokeKeyButton({ apiKey, onRevoked }: { readonly apiKey: ApiKeyRowFragment; readonly onRevoked: () => void }) {
  const { api } = useWorkspace();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const revoke = (): void => {
    setBusy(true);
    setError(undefined);
    api
      .mutate(RevokeApiKeyDocument, { input: { id: apiKey.id } })
      .then(() => {
        setOpen(false);
        onRevoked();
      })
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Button kind="quiet" aria-label={`Revoke ${apiKey.name}`} onClick={() => setOpen(true)}>
        Revoke
      </Button>
      {open && (
        <Dialog
          title={`Revoke ${apiKey.name}?`}
          onClose={() => setOpen(false)}
          actions={
            <>
              <Button onClick={() => setOpen(false)}>No, keep it</Button>
              <Button kind="danger" disabled={busy} onClick={revoke}>Yes, revoke it</Button>
            </>
          }
        >
          <p>Whatever uses it is refused within seconds, and what it has open is closed. This cannot be undone.</p>
          {error !== undefined && <Failure error={error} />}
        </Dialog>
      )}
    </>
  );
}
