// The fields of an organization, for making one and for editing one.
import { Field } from "../ui/Field";
import type { FieldProblems } from "../ui/validation";
import styles from "./AdminPage.module.css";
import type { OrganizationFields } from "./organizationForm";

type Name = keyof OrganizationFields;

interface Props {
  readonly fields: OrganizationFields;
  readonly problems: FieldProblems<Name>;
  readonly onChange: (fields: OrganizationFields) => void;
  /** The short name is given once. */
  readonly slugFixed: boolean;
}

export function OrganizationFieldset({ fields, problems, onChange, slugFixed }: Props) {
  const common = (name: Name) => ({
    name,
    value: fields[name],
    error: problems[name],
    onChange: (value: string) => onChange({ ...fields, [name]: value }),
  });
  return (
    <div className={styles.form}>
      <Field {...common("name")} label="Name" required />
      {!slugFixed && <Field {...common("slug")} label="Short name" required hint="For addresses and commands; it stays as it is." />}
      <Field {...common("weight")} label="Weight" type="number" hint="Its share relative to the others while they compete." />
      <Field {...common("guaranteedGpus")} label="Guaranteed GPUs" type="number" hint="Its own whenever it wants them. Empty: none." />
      <Field {...common("maxGpus")} label="GPUs at most" type="number" hint="Empty: no ceiling." />
      <Field {...common("maxQueuedJobs")} label="Waiting jobs at most" type="number" hint="Empty: no ceiling." />
    </div>
  );
}
