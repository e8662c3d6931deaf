// Saving under the version that one has seen. If somebody else was first, the present state is fetched, what is different is
// told, and saving again is under the new version: it is the person who decides, knowing what there is now.
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import type { Versioned } from "../live/entityMap";
import { type Described, type Difference, differences } from "./differences";

interface Options<T extends Versioned> {
  /** What the person saw when they began. */
  readonly opened: T;
  readonly describe: (entity: T) => Described;
  readonly save: (expectedVersion: number) => Promise<void>;
  /** The present state; undefined: it is gone. */
  readonly fetchNow: () => Promise<T | undefined>;
}

export interface VersionedEdit<T> {
  /** What the next attempt rests on. */
  readonly base: T;
  readonly conflict: readonly Difference[] | undefined;
  readonly error: ApiError | undefined;
  readonly busy: boolean;
  /** Answers whether it was saved. */
  readonly submit: () => Promise<boolean>;
}

export function useVersionedEdit<T extends Versioned>({ opened, describe, save, fetchNow }: Options<T>): VersionedEdit<T> {
  const [base, setBase] = useState(opened);
  const [conflict, setConflict] = useState<readonly Difference[]>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);

  const meet = async (failure: ApiError): Promise<void> => {
    const now = failure.code === "CONFLICT" ? await fetchNow() : undefined;
    if (now === undefined || now.version === base.version) return setError(failure);
    setConflict(differences(describe(base), describe(now)));
    setBase(now);
  };
  const submit = async (): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try {
      await save(base.version);
      return true;
    } catch (failure) {
      await meet(asApiError(failure)).catch((other: unknown) => setError(asApiError(other)));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { base, conflict, error, busy, submit };
}
