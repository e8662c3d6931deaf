// How an operation is handed to GraphiQL's page: in the fragment of its address.

export interface HandedOperation {
  readonly query: string;
  readonly variables: string;
}

export function graphiqlAddress(query: string, variables: object): string {
  const parameters = new URLSearchParams({ query: query.trim(), variables: JSON.stringify(variables, null, 2) });
  return `/graphiql#${parameters.toString()}`;
}

export function handedOperation(hash: string): HandedOperation | undefined {
  const parameters = new URLSearchParams(hash.slice(1));
  const query = parameters.get("query");
  return query === null ? undefined : { query, variables: parameters.get("variables") ?? "{}" };
}
