// The API keys of one organization: make one, see when each was used, take one back.
import { useCallback, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { type ApiKeyRowFragment, ApiKeysDocument, type ApiKeysQuery } from "../generated/graphql";
import { useOrganizations } from "../organizations/useOrganizations";
import { Button } from "../ui/Button";
import { Select } from "../ui/controls";
import { formatInstant } from "../ui/format";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import table from "../ui/table.module.css";
import { RelativeTime } from "../ui/time";
import styles from "./AdminPage.module.css";
import { CreateKeyDialog } from "./CreateKeyDialog";
import { RevokeKeyButton } from "./RevokeKeyButton";

type Owner = NonNullable<ApiKeysQuery["organization"]>;

export function KeysPage() {
  const { viewer } = useWorkspace();
  const [parameters, setParameters] = useSearchParams();
  const slug = parameters.get("org") ?? viewer.organization?.slug ?? "";
  const { owner, error, reload } = useKeys(slug);
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHead title="API keys" query={{ operation: ApiKeysDocument, variables: { slug } }}>
        {viewer.role === "OPERATOR" && <OwnerChoice slug={slug} onChoose={(org) => setParameters({ org }, { replace: true })} />}
        <Button kind="primary" disabled={owner === undefined} onClick={() => setCreating(true)}>New API key</Button>
      </PageHead>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {owner === undefined && error === undefined && <Loading what="the keys" />}
      {owner !== undefined && owner.apiKeys.length === 0 && (
        <Empty title="No API key yet">A program that calls the API needs one. Its secret is shown once, when it is made.</Empty>
      )}
      {owner !== undefined && owner.apiKeys.length > 0 && <Keys keys={owner.apiKeys} onChanged={reload} />}
      {creating && owner !== undefined && (
        <CreateKeyDialog organizationId={owner.id} organizationName={owner.name} onMade={reload} onClose={() => setCreating(false)} />
      )}
    </>
  );
}

function OwnerChoice({ slug, onChoose }: { readonly slug: string; readonly onChoose: (slug: string) => void }) {
  const state = useOrganizations();
  if (state.phase !== "ready") return null;
  return <Select label="Organization" value={slug} options={state.all.map((one) => [one.slug, one.name] as const)} onChange={onChoose} />;
}

function Keys({ keys, onChanged }: { readonly keys: readonly ApiKeyRowFragment[]; readonly onChanged: () => void }) {
  return (
    <div className={table.frame}>
      <table className={`${table.table} ${table.stacked}`} aria-label="API keys">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Begins with</th>
            <th scope="col">Role</th>
            <th scope="col">Made</th>
            <th scope="col">By</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <th scope="row" className={table.wide}>
                {key.name}
              </th>
              <td data-label="Begins with">
                <code>{key.prefix}</code>
              </td>
              <td data-label="Role">{key.role.toLowerCase()}</td>
              <td data-label="Made">
                <RelativeTime at={key.createdAt} />
              </td>
              <td data-label="By">{key.createdBy}</td>
              <td data-label="Last used">{key.lastUsedAt === null ? "never" : <RelativeTime at={key.lastUsedAt} />}</td>
              <td data-label="Ends">{key.expiresAt === null ? "never" : formatInstant(key.expiresAt)}</td>
              <td>
                <span className={styles.actions}>
                  {key.revokedAt === null ? <RevokeKeyButton apiKey={key} onRevoked={onChanged} /> : <>revoked&nbsp;<RelativeTime at={key.revokedAt} /></>}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function useKeys(slug: string) {
  const { api } = useWorkspace();
  const [owner, setOwner] = useState<Owner>();
  const [error, setError] = useState<ApiError>();
  const reload = useCallback(() => {
    api
      .query(ApiKeysDocument, { slug: slug === "" ? null : slug })
      .then(({ organization }) => {
        setOwner(organization ?? undefined);
        setError(organization === null ? new ApiError("NOT_FOUND", "There is no such organization.") : undefined);
      })
      .catch((failure: unknown) => setError(asApiError(failure)));
  }, [api, slug]);
  useEffect(reload, [reload]);
  return { owner: owner?.slug === slug || slug === "" ? owner : undefined, error, reload };
}
