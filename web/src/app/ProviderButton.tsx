// The way in by the identity provider, where the server has one; nothing where it has none.
import { useEffect } from "react";
import { Button } from "../ui/Button";
import { useCell } from "../ui/useCell";
import type { ProviderSignIn } from "./providerSignIn";
import styles from "./SignInPage.module.css";

export function ProviderButton({ signIn }: { readonly signIn: ProviderSignIn }) {
  const offer = useCell(signIn.offer);
  useEffect(() => void signIn.ask(), [signIn]);
  if (offer.phase === "unknown" || offer.phase === "off") return null;
  if (offer.phase === "away") {
    return (
      <div className={styles.refused} role="status">
        <p>{offer.message}</p>
        <Button onClick={() => void signIn.ask()}>Try again</Button>
      </div>
    );
  }
  const { provider } = offer;
  return (
    <section className={styles.provider} aria-label={provider.name}>
      <Button
        kind="primary"
        disabled={!signIn.isPossibleHere}
        aria-describedby="provider-note"
        onClick={() => void signIn.begin(provider)}
      >
        Sign in with {provider.name}
      </Button>
      <p id="provider-note" className={styles.text}>
        {signIn.isPossibleHere
          ? `You return to this page. Signing out here leaves you signed in at ${provider.name}.`
          : "It needs https:// here: browsers keep what protects it from pages that came unencrypted from another machine."}
      </p>
    </section>
  );
}
