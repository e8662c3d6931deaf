// Which colour on the map is whose, and how many GPUs each holds.
import { useWorkspace } from "../app/LiveContext";
import { useRevision } from "../ui/useCell";
import styles from "./OrganizationLegend.module.css";
import { ORGANIZATION_HUES } from "./mapPalette";
import { numberOrganizations } from "./organizationNumbers";

export function OrganizationLegend() {
  const { gpus } = useWorkspace().fleet;
  useRevision(gpus);
  const all = gpus.values();
  const numbers = numberOrganizations(all);
  if (numbers.size === 0) return null;
  const held = (slug: string): number => all.filter((gpu) => gpu.allocations.some(({ job }) => job.organization.slug === slug)).length;
  return (
    <ul className={styles.legend} aria-label="GPUs by organization">
      {[...numbers].map(([slug, number]) => (
        <li key={slug} className={styles.entry}>
          <span className={styles.swatch} style={{ background: `var(--organization-${(number % ORGANIZATION_HUES) + 1})` }} aria-hidden="true" />
          <strong>{held(slug)}</strong> {slug}
        </li>
      ))}
    </ul>
  );
}
