import { useEffect } from "react";
import { useWorkspace } from "../app/LiveContext";
import type { OrganizationState } from "../live/organizationStore";
import { useCell } from "../ui/useCell";

/** Kept fresh as long as the component is shown. */
export function useOrganizations(): OrganizationState {
  const { organizations } = useWorkspace();
  useEffect(() => organizations.watch(), [organizations]);
  return useCell(organizations.state);
}
