// Small inputs of filter bars. Each has its name for screen readers and in its placeholder.
import { useId } from "react";
import styles from "./controls.module.css";

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The key / goes here. */
  readonly shortcut?: boolean;
}

export function SearchField({ label, value, onChange, shortcut = false }: SearchProps) {
  return (
    <input
      type="search"
      className={styles.search}
      aria-label={label}
      aria-keyshortcuts={shortcut ? "/" : undefined}
      data-shortcut={shortcut ? "search" : undefined}
      placeholder={shortcut ? `${label}  /` : label}
      value={value}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly options: ReadonlyArray<readonly [value: string, name: string]>;
  readonly onChange: (value: string) => void;
}

export function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <select className={styles.select} aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      {options.map(([option, name]) => (
        <option key={option} value={option}>
          {name}
        </option>
      ))}
    </select>
  );
}

interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: ReadonlyArray<readonly [value: T, name: string]>;
  readonly onChange: (value: T) => void;
}

/** One of a few, side by side. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  const group = useId();
  return (
    <fieldset className={styles.segments}>
      <legend className="visually-hidden">{label}</legend>
      {options.map(([option, name]) => (
        <label key={option} className={styles.segment}>
          <input type="radio" className="visually-hidden" name={group} checked={option === value} onChange={() => onChange(option)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
