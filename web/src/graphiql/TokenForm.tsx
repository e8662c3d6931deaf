// Asks for a token. Tokens are kept by tab, so one that the dashboard has in another tab is not seen here.
import { type FormEvent, useState } from "react";
import { plainToken } from "../app/session";
import { Button } from "../ui/Button";
import styles from "./TokenForm.module.css";

export function TokenForm({ onToken }: { readonly onToken: (token: string) => void }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onToken(text);
  };
  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit}>
        <h1>GraphiQL</h1>
        <p>
          This tab has no token. Sign in on <a href="/">the dashboard</a> and open GraphiQL from there, or give a token here.
        </p>
        <label className={styles.label} htmlFor="token">
          Token or sign-in link
        </label>
        <input
          id="token"
          className={styles.input}
          type="password"
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoComplete="off"
        />
        <Button kind="primary" type="submit" disabled={plainToken(text) === ""}>
          Use this token
        </Button>
      </form>
    </main>
  );
}
