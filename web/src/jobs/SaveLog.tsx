// Saves a log as a file: what is kept here when that is all of it, otherwise what the server has.
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { Button } from "../ui/Button";
import { download } from "../ui/download";
import { plural } from "../ui/format";
import { Failure } from "../ui/Notice";
import type { LogRing } from "./logRing";
import { logPages, type Wanted, wholeText } from "./wholeLog";

export function SaveLog({ ring, wanted, name }: { readonly ring: LogRing; readonly wanted: Wanted; readonly name: string }) {
  const { api } = useWorkspace();
  const [lines, setLines] = useState<number>();
  const [error, setError] = useState<ApiError>();
  const file = wanted.attempt === null ? `${name}.log` : `${name}-attempt-${wanted.attempt}.log`;
  const save = (): void => {
    if (ring.dropped === 0) return download(ring.text(), file);
    setError(undefined);
    setLines(0);
    wholeText(logPages(api, wanted), setLines)
      .then((text) => download(text, file))
      .catch((failure: unknown) => setError(asApiError(failure)))
      .finally(() => setLines(undefined));
  };
  return (
    <>
      <Button kind="quiet" disabled={ring.length === 0 || lines !== undefined} onClick={save}>
        {lines === undefined ? "Save" : `Saving, ${plural(lines, "line")}`}
      </Button>
      {error !== undefined && <Failure error={error} onRetry={save} />}
    </>
  );
}
