// The only place that turns a typed operation into the text that travels.
import type { TypedDocumentNode } from "@urql/core";
import type { TypedDocumentString } from "../generated/graphql";

export type Operation<Data, Variables> = TypedDocumentString<Data, Variables>;

/** urql takes text at run time and a typed document at compile time; the operation is both. */
export function forUrql<Data, Variables>(operation: Operation<Data, Variables>): TypedDocumentNode<Data, Variables> {
  return operation.toString() as unknown as TypedDocumentNode<Data, Variables>;
}
