// Asks for a token when no sign-in link was used, and again when the token is no longer accepted.
import { type FormEvent, useState } from "react";
import { plainToken } from "./session";
import { Button } from "../ui/Button";
import { Brand } from "./Brand";
import styles from "./SignInPage.module.css";

interface Props {
  readonly refused: boolean;
  readonly onToken: (token: string) => void;
}

export function SignInPage({ refused, onToken }: Props) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onToken(text);
  };
  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={submit}>
        <Brand />
        <h1>Sign in</h1>
        {refused && (
          <p className={styles.refused} role="alert">
            The token is no longer accepted: it has expired or was withdrawn. Sign in again to go on where you were.
          </p>
        )}
        <p className={styles.text}>Open the sign-in link that gpu-fleet printed when it started, or mint a token where it runs:</p>
        <pre className={styles.command}>gpu-fleet token --role member --org default</pre>
        <label className={styles.label} htmlFor="token">
          Token or sign-in link
        </label>
        <textarea
          id="token"
          className={styles.input}
          rows={4}
          value={text}
          onChange={(event) => setText(event.target.value)}
          spellCheck={false}
          autoComplete="off"
        />
        <Button kind="primary" type="submit" disabled={plainToken(text) === ""}>
          Sign in
        </Button>
        <p className={styles.text}>It stays in this tab and is forgotten when the tab is closed.</p>
      </form>
    </main>
  );
}
