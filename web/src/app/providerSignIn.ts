// Signing in with an identity provider: asks the server whether there is one, sends the person there, and finishes when they
// come back. What is kept meanwhile lies in this tab's session storage and is taken out before it is looked at, so that
// nothing is finished twice. The code leaves the address bar at once; the token comes in an answer's body.
import { advice, ApiError, asApiError, fromGraphQLErrors, type GraphQLErrorLike, networkFailure } from "../api/errors";
import { Cell } from "../live/cell";
import { type Attempt, authorizationAddress, beginAttempt, CALLBACK, pageOfThisOrigin, type Provider, readReturn } from "./authorization";
import type { Session } from "./session";

const STORAGE_KEY = "gpu-fleet.sign-in";
const ANSWER_WITHIN_MS = 60_000;

/** Whether people can sign in so. */
export type Offer =
  | { readonly phase: "unknown" }
  | { readonly phase: "off" }
  | { readonly phase: "away"; readonly message: string }
  | { readonly phase: "on"; readonly provider: Provider };

/** What became of the sign-in that was under way when the page was loaded. */
export type Progress =
  | { readonly phase: "none" }
  | { readonly phase: "returning"; readonly name: string }
  | { readonly phase: "failed"; readonly message: string };

/** The part of a window that it needs. */
export interface SignInPlace {
  readonly location: { readonly origin: string; readonly pathname: string; readonly search: string; assign(url: string): void };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  readonly sessionStorage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Browsers leave out what PKCE needs on pages that came unencrypted from another machine. */
  readonly isSecureContext: boolean;
  fetch(input: string, init: RequestInit): Promise<Response>;
}

export class ProviderSignIn {
  readonly offer = new Cell<Offer>({ phase: "unknown" });
  readonly progress = new Cell<Progress>({ phase: "none" });
  readonly #place: SignInPlace;
  readonly #session: Session;

  constructor(place: SignInPlace, session: Session) {
    this.#place = place;
    this.#session = session;
    // Once somebody is in, by whichever way, an earlier failure is of no interest.
    session.state.subscribe(() => session.state.get().token !== undefined && this.progress.set({ phase: "none" }));
  }

  get isPossibleHere(): boolean {
    return this.#place.isSecureContext;
  }

  /** Asks whether there is a provider, unless that is known. */
  ask = async (): Promise<void> => {
    if (this.offer.get().phase === "on" || this.offer.get().phase === "off") return;
    try {
      const answer = await this.#request("/sign-in/provider", {});
      const provider = asProvider(answer);
      this.offer.set(provider === undefined ? { phase: "off" } : { phase: "on", provider });
    } catch (failure) {
      this.offer.set({ phase: "away", message: told(asApiError(failure)) });
    }
  };

  /** Sends the person to the provider; the page that they are on is where they return to. */
  begin = async (provider: Provider): Promise<void> => {
    const { location, sessionStorage } = this.#place;
    const attempt = beginAttempt(provider, location.origin, location.pathname + location.search);
    const address = await authorizationAddress(provider, attempt);
    if (address === undefined) {
      this.progress.set({ phase: "failed", message: `The server names no address of ${provider.name} that a page can open.` });
      return;
    }
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(attempt));
    location.assign(address);
  };

  /** To be called when the page is loaded: finishes what a person comes back with. */
  finish = async (): Promise<void> => {
    const { location, history } = this.#place;
    if (location.pathname !== CALLBACK) return;
    const kept = this.#takeAttempt();
    const returned = readReturn(location.search, kept);
    history.replaceState(null, "", pageOfThisOrigin(kept?.next ?? "/", location.origin));
    if ("failure" in returned) {
      this.progress.set({ phase: "failed", message: returned.failure });
      return;
    }
    const { code, attempt } = returned;
    this.progress.set({ phase: "returning", name: attempt.name });
    try {
      this.#session.signIn(await this.#exchange(code, attempt));
    } catch (failure) {
      this.progress.set({ phase: "failed", message: told(asApiError(failure)) });
    }
  };

  async #exchange(code: string, { verifier: codeVerifier, nonce, redirectUri }: Attempt): Promise<string> {
    const answer = await this.#request("/sign-in/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code, codeVerifier, nonce, redirectUri }),
    });
    const token = (answer as { token?: unknown } | null)?.token;
    if (typeof token !== "string") throw new ApiError("UNKNOWN", "The server gave no token.");
    return token;
  }

  async #request(path: string, init: RequestInit): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const options: RequestInit = { ...init, signal, credentials: "omit", cache: "no-store", redirect: "error" };
    const response = await this.#place.fetch(path, options).catch(() => undefined);
    if (response === undefined) throw networkFailure();
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok && answer !== undefined) return answer;
    const errors = (answer as { errors?: readonly GraphQLErrorLike[] } | undefined)?.errors;
    throw errors === undefined ? new ApiError("UNKNOWN", `The server answered with HTTP status ${response.status}.`) : fromGraphQLErrors(errors);
  }

  #takeAttempt(): Attempt | undefined {
    const { sessionStorage } = this.#place;
    const kept = sessionStorage.getItem(STORAGE_KEY);
    sessionStorage.removeItem(STORAGE_KEY);
    try {
      return kept === null ? undefined : (JSON.parse(kept) as Attempt);
    } catch {
      return undefined;
    }
  }
}

/** The server's own messages say what to do next. */
function told(error: ApiError): string {
  return error.code === "NETWORK" ? `${error.message} ${advice(error)}` : error.message;
}

function asProvider(answer: unknown): Provider | undefined {
  const { provider } = answer as { provider?: Partial<Record<keyof Provider, unknown>> | null };
  if (provider === null || provider === undefined) return undefined;
  const text = (name: keyof Provider): string => {
    const value = provider[name];
    if (typeof value !== "string") throw new ApiError("UNKNOWN", "The server's answer about its identity provider is not understood.");
    return value;
  };
  return {
    name: text("name"),
    issuer: text("issuer"),
    authorizationEndpoint: text("authorizationEndpoint"),
    clientId: text("clientId"),
    scopes: text("scopes"),
  };
}
