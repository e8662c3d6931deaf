// "Show the query": opens GraphiQL with the operation behind what is shown. It travels in the fragment, which no server sees.
import { graphiqlAddress } from "./graphiqlAddress";
import styles from "./QueryLink.module.css";

interface Props {
  readonly operation: { toString(): string };
  readonly variables: object;
}

export function QueryLink({ operation, variables }: Props) {
  return (
    <a className={styles.link} href={graphiqlAddress(operation.toString(), variables)} title="Opens GraphiQL with the operation behind this page">
      Show the query
    </a>
  );
}
