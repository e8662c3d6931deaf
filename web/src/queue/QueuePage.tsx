// Who holds what, who waits, in which place and why: one panel for each organization.
import { useMemo } from "react";
import { useWorkspace } from "../app/LiveContext";
import { OrganizationPageDocument, OwnOrganizationDocument } from "../generated/graphql";
import { useOrganizations } from "../organizations/useOrganizations";
import { Empty, Failure, Loading } from "../ui/Notice";
import { PageHead } from "../ui/PageHead";
import { useCell } from "../ui/useCell";
import { OrganizationQueue } from "./OrganizationQueue";
import styles from "./QueuePage.module.css";
import { mostStarvedFirst, scaleOf, shareOf } from "./share";

export function QueuePage({ only }: { readonly only?: string }) {
  const { fleet, viewer } = useWorkspace();
  const totals = useCell(fleet.totals);
  const { organizations } = useWorkspace();
  const state = useOrganizations();
  const shown = useMemo(() => {
    if (state.phase !== "ready") return [];
    return mostStarvedFirst(state.all).filter(({ slug }) => only === undefined || slug === only);
  }, [state, only]);
  const scale = scaleOf(shown.map(shareOf), totals?.gpus ?? 0);
  const query = viewer.role === "OPERATOR" ? { operation: OrganizationPageDocument, variables: { after: null } } : { operation: OwnOrganizationDocument, variables: {} };
  return (
    <div className={styles.page}>
      <PageHead title="Queue" query={query}>
        <Key />
      </PageHead>
      {state.phase === "loading" && <Loading what="the queue" />}
      {state.phase === "failed" && <Failure error={state.error} onRetry={() => void organizations.reload()} />}
      {state.phase === "ready" && shown.length === 0 && (
        <Empty title="No organization here">{only === undefined ? "You belong to none, so you have no queue." : "There is none of this name that you may see."}</Empty>
      )}
      {shown.map((organization) => (
        <OrganizationQueue key={organization.id} organization={organization} scale={scale} />
      ))}
    </div>
  );
}

function Key() {
  return (
    <ul className={styles.key} aria-label="What the bars show">
      <li data-part="own">its own</li>
      <li data-part="borrowed">borrowed</li>
      <li data-part="unused">guaranteed, unused</li>
      <li data-part="ceiling">ceiling</li>
    </ul>
  );
}
