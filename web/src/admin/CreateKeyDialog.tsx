// Makes an API key and shows its secret, this once.
import { type FormEvent, useId, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { CreateApiKeyDocument, type Role } from "../generated/graphql";
import { Button } from "../ui/Button";
import { Select } from "../ui/controls";
import { CopyButton } from "../ui/CopyButton";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Failure } from "../ui/Notice";
import styles from "./AdminPage.module.css";
import { rolesUpTo } from "./roles";

interface Props {
  readonly organizationId: string;
  readonly organizationName: string;
  readonly onMade: () => void;
  readonly onClose: () => void;
}

const LIVES: ReadonlyArray<readonly [days: string, name: string]> = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["", "until it is revoked"],
];
const DAY_MS = 86_400_000;

export function CreateKeyDialog({ organizationId, organizationName, onMade, onClose }: Props) {
  const { api, viewer } = useWorkspace();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("MEMBER");
  const [days, setDays] = useState("90");
  const [problem, setProblem] = useState<string>();
  const [secret, setSecret] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const form = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setProblem(name.trim() === "" ? "A name is needed." : undefined);
    if (name.trim() === "") return;
    const expiresAt = days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
    setBusy(true);
    setError(undefined);
    api
      .mutate(CreateApiKeyDocument, { input: { name: name.trim(), role, expiresAt, organizationId } })
      .then(({ createApiKey }) => {
        setSecret(createApiKey.secret);
        onMade();
      })
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setBusy(false));
  };
  if (secret !== undefined) {
    return (
      <Dialog title="Copy the secret now" onClose={onClose} actions={<Button kind="primary" onClick={onClose}>I have copied it</Button>}>
        <p>It is shown this once and kept nowhere. Whoever has it may do what the key may.</p>
        <p className={styles.secret}>
          <code>{secret}</code> <CopyButton text={secret} what="the secret" />
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={`New API key of ${organizationName}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Do not make one</Button>
          <Button kind="primary" type="submit" form={form} disabled={busy}>Make it</Button>
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={submit} noValidate>
        <Field name="name" label="Name" value={name} onChange={setName} error={problem} hint="What it is for: nightly-eval." required />
        <div className={styles.row}>
          <span>What it may do</span>
          <Select label="Role" value={role} options={rolesUpTo(viewer.role)} onChange={(value) => setRole(value as Role)} />
        </div>
        <div className={styles.row}>
          <span>Good for</span>
          <Select label="Good for" value={days} options={LIVES} onChange={setDays} />
        </div>
      </form>
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
