// A real identity provider beside the server: a certified implementation of OpenID Connect, with its own pages to sign in on.
// Whoever types a name is that person; any password will do.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

export const CLIENT_ID = "gpu-fleet";

/** What the provider says of people; nothing of whoever is not here. */
const PEOPLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ada: { org: "default", role: "member" },
  eve: { org: "nowhere", role: "member" },
};

export class IdentityProvider {
  readonly issuer: string;
  readonly #server: Server;

  private constructor(issuer: string, server: Server) {
    this.issuer = issuer;
    this.#server = server;
  }

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", provider(issuer).callback());
    return new IdentityProvider(issuer, server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function provider(issuer: string): Provider {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        // Of such a client any port of this machine will do: the server's is known only once it runs.
        application_type: "native",
        token_endpoint_auth_method: "none",
        redirect_uris: ["http://127.0.0.1/sign-in/callback"],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }] },
    cookies: { keys: ["a key of this test"] },
    claims: { openid: ["sub", "org", "role"], profile: ["name"], email: ["email"] },
    // Also what belongs to scopes stands in the ID token.
    conformIdTokenClaims: false,
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...PEOPLE[accountId] }) }),
  });
}
