// GraphiQL for whoever has a token, and a form that asks for one otherwise: a tab opened by hand starts without.
import type { Session } from "../app/session";
import { useCell } from "../ui/useCell";
import { Explorer } from "./Explorer";
import { TokenForm } from "./TokenForm";

export function GraphiqlPage({ session }: { readonly session: Session }) {
  const { token } = useCell(session.state);
  if (token === undefined) return <TokenForm onToken={(text) => session.signIn(text)} />;
  return <Explorer key={token} token={token} onForgetToken={session.signOut} />;
}
