// The same submission as a command, as a request and as GraphQL, to copy.
import { useState } from "react";
import { CopyButton } from "../ui/CopyButton";
import { Segments } from "../ui/controls";
import { Panel } from "../ui/Panel";
import styles from "./SameAs.module.css";
import { asCommand, asCurl, asGraphQL, type Submission } from "./snippets";

type Kind = "command" | "curl" | "graphql";

const KINDS: ReadonlyArray<readonly [Kind, string]> = [
  ["command", "Terminal"],
  ["curl", "curl"],
  ["graphql", "GraphQL"],
];

export function SameAs({ submission }: { readonly submission: Submission | undefined }) {
  const [kind, setKind] = useState<Kind>("command");
  const text = submission === undefined ? "" : snippet(kind, submission);
  return (
    <Panel title="The same without this form" aside={text !== "" && <CopyButton text={text} what="it" />}>
      <div className={styles.all}>
        <Segments label="As" value={kind} options={KINDS} onChange={setKind} />
        {text === "" ? (
          <p className={styles.muted}>It appears here when every field is right.</p>
        ) : (
          <pre className={styles.text} aria-label="The same submission" tabIndex={0}>
            {text}
          </pre>
        )}
      </div>
    </Panel>
  );
}

function snippet(kind: Kind, submission: Submission): string {
  if (kind === "command") return asCommand(submission);
  return kind === "curl" ? asCurl(submission, window.location.origin) : asGraphQL(submission);
}
