// All organizations with their limits; operators make and edit them here.
import { useState } from "react";
import { Link } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { OrganizationPageDocument } from "../generated/graphql";
import type { Organization } from "../live/organizationStore";
import { idlePolicyWords } from "../organizations/idlePolicy";
import { useOrganizations } from "../organizations/useOrganizations";
import { Button } from "../ui/Button";
import { formatGpus } from "../ui/format";
import { Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import table from "../ui/table.module.css";
import { RelativeTime } from "../ui/time";
import { CreateOrganizationDialog } from "./CreateOrganizationDialog";
import { EditOrganizationDialog } from "./EditOrganizationDialog";
import styles from "./AdminPage.module.css";

export function OrganizationsPage() {
  const { organizations } = useWorkspace();
  const state = useOrganizations();
  const [creating, setCreating] = useState(false);
  const [edited, setEdited] = useState<Organization>();
  return (
    <>
      <PageHead title="Organizations" query={{ operation: OrganizationPageDocument, variables: { after: null } }}>
        <Button kind="primary" onClick={() => setCreating(true)}>New organization</Button>
      </PageHead>
      {state.phase === "loading" && <Loading what="the organizations" />}
      {state.phase === "failed" && <Failure error={state.error} onRetry={() => void organizations.reload()} />}
      {state.phase === "ready" && <Organizations all={state.all} onEdit={setEdited} />}
      {creating && <CreateOrganizationDialog onClose={() => setCreating(false)} />}
      {edited !== undefined && <EditOrganizationDialog organization={edited} onClose={() => setEdited(undefined)} />}
    </>
  );
}

function Organizations({ all, onEdit }: { readonly all: readonly Organization[]; readonly onEdit: (one: Organization) => void }) {
  return (
    <div className={table.frame}>
      <table className={`${table.table} ${table.stacked}`} aria-label="Organizations">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Short name</th>
            <th scope="col" className={table.number}>Weight</th>
            <th scope="col" className={table.number}>Guaranteed</th>
            <th scope="col" className={table.number}>At most</th>
            <th scope="col" className={table.number}>Waiting at most</th>
            <th scope="col">Idle GPUs</th>
            <th scope="col" className={table.number}>Holds</th>
            <th scope="col" className={table.number}>Made</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.id}>
              <th scope="row" className={table.wide}>
                {one.name}
              </th>
              <td data-label="Short name">
                <Link href={`/queue/${encodeURIComponent(one.slug)}`}>{one.slug}</Link>
              </td>
              <td data-label="Weight" className={table.number}>{one.weight}</td>
              <td data-label="Guaranteed" className={table.number}>{formatGpus(one.quota.guaranteedGpus)}</td>
              <td data-label="At most" className={table.number}>{one.quota.maxGpus === null ? "no ceiling" : formatGpus(one.quota.maxGpus)}</td>
              <td data-label="Waiting at most" className={table.number}>{one.quota.maxQueuedJobs ?? "no ceiling"}</td>
              <td data-label="Idle GPUs" className={table.wide}>{idlePolicyWords(one.idlePolicy)}</td>
              <td data-label="Holds" className={table.number}>{formatGpus(one.usage.allocatedGpus)}</td>
              <td data-label="Made" className={table.number}>
                <RelativeTime at={one.createdAt} />
              </td>
              <td>
                <span className={styles.actions}>
                  <Button kind="quiet" aria-label={`Edit ${one.name}`} onClick={() => onEdit(one)}>
                    Edit
                  </Button>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
