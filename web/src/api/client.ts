// Queries and mutations over POST. Subscriptions go through LiveSocket instead, which knows when a stream has ended.
import { type AnyVariables, cacheExchange, Client, type CombinedError, fetchExchange, type OperationResult } from "@urql/core";
import { ApiError, fromGraphQLErrors, networkFailure } from "./errors";
import { forUrql, type Operation } from "./operation";

export class Api {
  readonly urql: Client;
  readonly #onUnauthenticated: () => void;

  constructor(url: string, token: string, onUnauthenticated: () => void) {
    this.#onUnauthenticated = onUnauthenticated;
    this.urql = new Client({
      url,
      preferGetMethod: false,
      fetch: fetchToTheEnd,
      fetchOptions: { headers: { authorization: `Bearer ${token}` }, credentials: "omit" },
      exchanges: [cacheExchange, fetchExchange],
    });
  }

  async query<Data, Variables extends AnyVariables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    const result = this.urql.query(forUrql(operation), variables, { requestPolicy: "network-only" });
    return this.#unwrap(await result.toPromise());
  }

  async mutate<Data, Variables extends AnyVariables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    return this.#unwrap(await this.urql.mutation(forUrql(operation), variables).toPromise());
  }

  /** The failure in an answer, if any; a refused token also ends the session. */
  failure(error: CombinedError): ApiError {
    const failure = describe(error);
    if (failure.code === "UNAUTHENTICATED") this.#onUnauthenticated();
    return failure;
  }

  #unwrap<Data>(result: OperationResult<Data, AnyVariables>): Data {
    if (result.error !== undefined) throw this.failure(result.error);
    if (result.data === undefined) throw new ApiError("UNKNOWN", "The server's answer was empty.");
    return result.data;
  }
}

/**
 * urql aborts a request as soon as it has read the answer. To the browser the request may still be open then: it reports the
 * abort as an error that nobody caught. Nothing here gives a request up, so none needs to be abortable.
 */
function fetchToTheEnd(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  return fetch(input, { ...init, signal: null });
}

function describe(error: CombinedError): ApiError {
  if (error.graphQLErrors.length > 0) return fromGraphQLErrors(error.graphQLErrors);
  const response: unknown = error.response;
  if (!(response instanceof Response)) return networkFailure();
  if (response.status === 401) return new ApiError("UNAUTHENTICATED", "The token was not accepted.");
  return new ApiError("UNKNOWN", `The server answered with HTTP status ${response.status}.`);
}
