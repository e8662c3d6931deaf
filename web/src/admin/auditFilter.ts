// Which lines of the audit trail are shown, and how actions are called.
import type { AuditAction, AuditFilter } from "../generated/graphql";

const WORDS: Readonly<Record<AuditAction, string>> = {
  ALLOCATE_GPUS: "gave chosen GPUs",
  CANCEL_JOB: "cancelled a job",
  CREATE_API_KEY: "made an API key",
  CREATE_ORGANIZATION: "made an organization",
  JOIN_HOST: "joined a host",
  RELEASE_JOB: "gave GPUs back",
  REMOVE_HOST: "removed a host",
  RETRY_JOB: "retried a job",
  REVOKE_API_KEY: "revoked an API key",
  REVOKE_SIGNING_KEY: "revoked a signing key",
  SIGN_IN: "signed in",
  SUBMIT_JOB: "submitted a job",
  SUBMIT_JOBS: "submitted jobs",
  UPDATE_HOST: "edited a host",
  UPDATE_JOB: "edited a job",
  UPDATE_ORGANIZATION: "edited an organization",
};

export const ACTIONS = Object.entries(WORDS) as [AuditAction, string][];

/** Null: a newer server did something that this page has no word for. */
export function actionWord(action: AuditAction | null): string {
  return action === null ? "something newer than this page" : (WORDS[action] ?? action);
}

export function toAuditFilter(actor: string, action: string): AuditFilter {
  const known = ACTIONS.find(([name]) => name === action)?.[0];
  return { ...(actor.trim() !== "" && { actor: actor.trim() }), ...(known !== undefined && { action: [known] }) };
}
