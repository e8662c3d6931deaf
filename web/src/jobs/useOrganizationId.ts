// The URL names an organization by its slug, the API by its id.
import { useOrganizations } from "../organizations/useOrganizations";

interface Answer {
  readonly id: string | undefined;
  readonly loading: boolean;
}

/** No organization has this id: what filters by an unknown slug finds nothing. */
const NOBODY = "org_00000000000000000000000000";

export function useOrganizationId(slug: string): Answer {
  const state = useOrganizations();
  if (slug === "") return { id: undefined, loading: false };
  if (state.phase === "loading") return { id: undefined, loading: true };
  const found = state.phase === "ready" ? state.all.find((organization) => organization.slug === slug) : undefined;
  return { id: found?.id ?? NOBODY, loading: false };
}
