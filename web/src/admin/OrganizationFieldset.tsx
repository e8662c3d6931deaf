// The fields of an organization, for making one and for editing one.
import type { IdleAction } from "../generated/graphql";
import { Select } from "../ui/controls";
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

const WHEN_IDLE: ReadonlyArray<readonly [action: IdleAction, words: string]> = [
  ["NOTHING", "nothing, nobody looks"],
  ["NOTIFY", "a notice, it runs on"],
  ["STOP", "a stop, it waits again"],
];

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
      <div className={styles.pairs}>
        <Field {...common("weight")} label="Weight" type="number" hint="Its share relative to the others while they compete." />
        <Field {...common("maxQueuedJobs")} label="Waiting jobs at most" type="number" hint="Empty: no ceiling." />
        <Field {...common("guaranteedGpus")} label="Guaranteed GPUs" type="number" hint="Its own whenever it wants them. Empty: none." />
        <Field {...common("maxGpus")} label="GPUs at most" type="number" hint="Empty: no ceiling." />
      </div>
      <fieldset className={styles.group}>
        <legend>A job that does not use its GPUs</legend>
        <div className={styles.pairs}>
          <Field {...common("idleWindow")} label="Window, minutes" type="number" hint="Warned after so long without use." />
          <Field {...common("idleUtilization")} label="Use, percent" type="number" hint="So much utilization or more." />
          <Field {...common("idleGrace")} label="Grace, minutes" type="number" hint="From the warning to what follows." />
          <div className={styles.row}>
            <span>What follows</span>
            <Select
              label="What follows"
              value={fields.idleAction}
              options={WHEN_IDLE}
              onChange={(value) => onChange({ ...fields, idleAction: value as IdleAction })}
            />
          </div>
        </div>
      </fieldset>
    </div>
  );
}
