// Asks for a way in when nobody is signed in, and again when the token is no longer accepted: the identity provider first, where
// the server has one, and a token or link always.
import { type FormEvent, useState } from "react";
import { Button } from "../ui/Button";
import { useCell } from "../ui/useCell";
import { Brand } from "./Brand";
import { ProviderButton } from "./ProviderButton";
import type { ProviderSignIn } from "./providerSignIn";
import { plainToken } from "./session";
import styles from "./SignInPage.module.css";

interface Props {
  readonly refused: boolean;
  readonly signIn: ProviderSignIn;
  readonly onToken: (token: string) => void;
}

export function SignInPage({ refused, signIn, onToken }: Props) {
  const progress = useCell(signIn.progress);
  const hasProvider = useCell(signIn.offer).phase === "on";
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <Brand />
        <h1>Sign in</h1>
        {progress.phase === "returning" ? (
          <p role="status">{progress.name} has sent you back. Signing in…</p>
        ) : (
          <>
            {refused && (
              <p className={styles.refused} role="alert">
                The token is no longer accepted: it has expired or was withdrawn. Sign in again to go on where you were.
              </p>
            )}
            {progress.phase === "failed" && (
              <p className={styles.refused} role="alert">
                {progress.message}
              </p>
            )}
            <ProviderButton signIn={signIn} />
            <TokenForm isFirst={!hasProvider} onToken={onToken} />
          </>
        )}
      </div>
    </main>
  );
}

function TokenForm({ isFirst, onToken }: { readonly isFirst: boolean; readonly onToken: (token: string) => void }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onToken(text);
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <p className={styles.text}>
        {isFirst ? "Open" : "Or open"} the sign-in link that gpu-fleet printed when it started, or mint a token where it runs:
      </p>
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
      <Button kind={isFirst ? "primary" : "plain"} type="submit" disabled={plainToken(text) === ""}>
        Sign in
      </Button>
      <p className={styles.text}>It stays in this tab and is forgotten when the tab is closed.</p>
    </form>
  );
}
