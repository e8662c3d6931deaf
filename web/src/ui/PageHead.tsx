// A page's title, with what belongs to the page as a whole at its right: among it the operation behind the page.
import type { ReactNode } from "react";
import type { Operation } from "../api/operation";
import styles from "./PageHead.module.css";
import { QueryLink } from "./QueryLink";
import { useTitle } from "./useTitle";

interface Props {
  readonly title: string;
  readonly children?: ReactNode;
  readonly query: { readonly operation: Operation<never, never> | Operation<unknown, never>; readonly variables: object };
}

export function PageHead({ title, query, children }: Props) {
  useTitle(title);
  return (
    <div className={styles.head}>
      <h1>{title}</h1>
      <div className={styles.aside}>
        {children}
        <QueryLink operation={query.operation} variables={query.variables} />
      </div>
    </div>
  );
}
