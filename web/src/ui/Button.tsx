import type { ComponentProps } from "react";
import styles from "./Button.module.css";

type Kind = "plain" | "primary" | "danger" | "quiet";

/** A button that never submits a form by accident. Give it a `title` that says why when it is disabled. */
export function Button({ kind = "plain", type = "button", ...rest }: ComponentProps<"button"> & { readonly kind?: Kind }) {
  return <button {...rest} type={type} className={styles.button} data-kind={kind} />;
}
