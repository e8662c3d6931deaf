// GraphiQL itself. What is typed is kept in this tab's storage alone, like the token: variables can carry secrets.
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { useMemo, useState } from "react";
import { Button } from "../ui/Button";
import { handedOperation, type HandedOperation } from "../ui/graphiqlAddress";
import styles from "./Explorer.module.css";
import { createFetcher } from "./fetcher";
import { EXAMPLES } from "./examples";

interface Props {
  readonly token: string;
  readonly onForgetToken: () => void;
}

export function Explorer({ token, onForgetToken }: Props) {
  // Read once: the fragment leaves the address bar, so that a reload does not open it again.
  const [handed] = useState(takeHanded);
  const fetcher = useMemo(() => createFetcher(token), [token]);
  return (
    <div className={styles.page}>
      <GraphiQL
        fetcher={fetcher}
        storage={window.sessionStorage}
        defaultTabs={EXAMPLES}
        {...handed}
        forcedTheme={chosenTheme()}
        isHeadersEditorEnabled={false}
      >
        <GraphiQL.Logo>
          <span className={styles.links}>
            <a href="/">Dashboard</a>
            <Button kind="quiet" onClick={onForgetToken}>
              Use another token
            </Button>
          </span>
        </GraphiQL.Logo>
      </GraphiQL>
    </div>
  );
}

function takeHanded(): HandedOperation | undefined {
  const handed = handedOperation(window.location.hash);
  if (handed !== undefined) window.history.replaceState(null, "", window.location.pathname);
  return handed;
}

/** The dashboard's choice, which public/theme.js has put on the document. */
function chosenTheme(): "light" | "dark" | "system" {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}
