// One shape for every failure, with what the user can do about it. The codes are the schema's ErrorCode.
import type { ErrorCode } from "../generated/enums";

/** Besides the server's codes: no answer at all, and an answer without a code. */
export type FailureCode = ErrorCode | "NETWORK" | "UNKNOWN";

export interface GraphQLErrorLike {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export class ApiError extends Error {
  readonly code: FailureCode;
  readonly field: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: FailureCode, message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.field = text(extensions["field"]);
    this.requestId = text(extensions["requestId"]);
    this.retryAfterSeconds = number(extensions["retryAfterSeconds"]);
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function fromGraphQLErrors(errors: readonly GraphQLErrorLike[]): ApiError {
  const first = errors[0];
  if (first === undefined) return new ApiError("UNKNOWN", "The server reported a failure without saying which.");
  const code = text(first.extensions?.["code"]) as ErrorCode | undefined;
  return new ApiError(code ?? "UNKNOWN", first.message, first.extensions ?? {});
}

export function networkFailure(): ApiError {
  return new ApiError("NETWORK", "The server does not answer.");
}

export function asApiError(failure: unknown): ApiError {
  if (failure instanceof ApiError) return failure;
  return new ApiError("UNKNOWN", failure instanceof Error ? failure.message : String(failure));
}

/** What to do next, in one sentence; empty when the message itself says it. */
export function advice(error: ApiError): string {
  switch (error.code) {
    case "NETWORK":
      return "Check that gpu-fleet is running and that this machine can reach it, then try again.";
    case "UNAUTHENTICATED":
      return "Sign in again with a new link or token.";
    case "FORBIDDEN":
      return "Your role does not allow this. Ask an administrator of your organization.";
    case "CONFLICT":
      return "Someone changed it first. Look at its present state, then decide again.";
    case "RATE_LIMITED":
      return error.retryAfterSeconds === undefined
        ? "Wait a moment, then try again."
        : `Try again in ${error.retryAfterSeconds} s.`;
    case "UNAVAILABLE":
      return "The server is starting, stopping or overloaded. Try again in a moment.";
    case "INTERNAL_SERVER_ERROR":
      return error.requestId === undefined
        ? "Try again; if it stays, look at the server's log."
        : `Try again; if it stays, look for request ${error.requestId} in the server's log.`;
    default:
      return "";
  }
}
