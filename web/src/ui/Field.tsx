// A labelled input with its hint and its error, tied together for screen readers.
import { useId } from "react";
import styles from "./Field.module.css";

interface Props {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
  readonly hint?: string;
  readonly type?: "text" | "number";
  readonly multiline?: boolean;
  readonly wide?: boolean;
  readonly required?: boolean;
  readonly suggestions?: readonly string[];
}

export function Field({ name, label, value, onChange, error, hint, type = "text", multiline = false, wide = false, required = false, suggestions }: Props) {
  const id = useId();
  const shared = {
    id,
    name,
    value,
    className: styles.input,
    required,
    autoComplete: "off",
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
    "aria-invalid": error !== undefined,
    "aria-describedby": `${id}-hint`,
  };
  return (
    <div className={styles.field} data-wide={wide}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {multiline ? (
        <textarea {...shared} rows={3} spellCheck={false} />
      ) : (
        <input {...shared} type="text" inputMode={type === "number" ? "decimal" : "text"} list={suggestions === undefined ? undefined : `${id}-list`} />
      )}
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
      <p id={`${id}-hint`} className={error === undefined ? styles.hint : styles.error}>
        {error ?? hint}
      </p>
    </div>
  );
}
