// The OpenID Connect authorization code flow with PKCE, as far as a page takes part in it: what it makes before it sends a
// person away, where it sends them, and what it accepts when they come back. Nothing here touches the page or the network.

/** The page that the provider sends people back to. */
export const CALLBACK = "/sign-in/callback";

/** Whom people can sign in with, as the server tells it. */
export interface Provider {
  readonly name: string;
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  readonly scopes: string;
}

/** What a page keeps while the person is away. */
export interface Attempt {
  /** Comes back unchanged: only what was begun in this tab is finished here. */
  readonly state: string;
  /** Stands in the ID token: only what was made for this attempt is accepted. */
  readonly nonce: string;
  /** Never leaves the page until the code is exchanged: only whoever has begun can finish. */
  readonly verifier: string;
  readonly issuer: string;
  readonly name: string;
  readonly redirectUri: string;
  /** The page to return to. */
  readonly next: string;
}

/** What a person comes back with. */
export type Return = { readonly code: string; readonly attempt: Attempt } | { readonly failure: string };

const SECRET_BYTES = 32;
const MOST_CHARACTERS = 300;

/** An attempt with secrets of its own. */
export function beginAttempt(provider: Provider, origin: string, next: string): Attempt {
  const secret = (): string => base64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const { issuer, name } = provider;
  return { state: secret(), nonce: secret(), verifier: secret(), issuer, name, redirectUri: origin + CALLBACK, next };
}

/** Where the person goes. Undefined: the provider's address is not one to send anybody to. */
export async function authorizationAddress(provider: Provider, attempt: Attempt): Promise<string | undefined> {
  const address = parse(provider.authorizationEndpoint);
  if (address === undefined || !["https:", "http:"].includes(address.protocol)) return undefined;
  const parameters = {
    response_type: "code",
    client_id: provider.clientId,
    redirect_uri: attempt.redirectUri,
    scope: provider.scopes,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await challengeOf(attempt.verifier),
    code_challenge_method: "S256",
  };
  Object.entries(parameters).forEach(([name, value]) => address.searchParams.set(name, value));
  return address.href;
}

/** The challenge of a verifier (RFC 7636, S256). */
export async function challengeOf(verifier: string): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** What a return means for the attempt that was kept. Of one that was not begun here nothing is shown, not even its error. */
export function readReturn(search: string, attempt: Attempt | undefined): Return {
  const parameters = new URLSearchParams(search);
  if (attempt === undefined || parameters.get("state") !== attempt.state) {
    return { failure: "This sign-in was not begun in this tab, or it has ended already. Sign in again." };
  }
  const issuer = parameters.get("iss");
  if (issuer !== null && issuer !== attempt.issuer) {
    return { failure: `This answer is not from ${attempt.name}. Sign in again.` };
  }
  const error = parameters.get("error");
  if (error !== null) return { failure: refusal(attempt.name, error, parameters.get("error_description")) };
  const code = parameters.get("code");
  if (code === null || code === "") return { failure: `${attempt.name} sent no code. Sign in again.` };
  return { code, attempt };
}

function refusal(name: string, error: string, description: string | null): string {
  const said = description === null || description === "" ? error : `${error}: ${description}`;
  return `${name} has not signed you in. It says ${said.slice(0, MOST_CHARACTERS)}`;
}

/** A page of this origin, or the first one: nobody is ever sent elsewhere. */
export function pageOfThisOrigin(next: string, origin: string): string {
  const address = next.startsWith("/") ? parse(next, origin) : undefined;
  if (address === undefined || address.origin !== origin || address.pathname.startsWith("/sign-in/")) return "/";
  return address.pathname + address.search;
}

function parse(text: string, base?: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
