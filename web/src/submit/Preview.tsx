// What would become of the job if it were submitted now: asked of the scheduler, and kept by nobody.
import { useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useReadOnlyReason, useWorkspace } from "../app/LiveContext";
import { PreviewJobDocument, type PreviewJobQuery, type SubmitJobInput } from "../generated/graphql";
import { Blockers, Place, Suggestions } from "../jobs/WhyPanel";
import type { Suggestion } from "../jobs/suggestion";
import { Button } from "../ui/Button";
import { Failure } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { Glyph } from "../ui/StatusMark";
import styles from "./Preview.module.css";

type Answer = PreviewJobQuery["previewJob"];

interface Props {
  readonly input: SubmitJobInput | undefined;
  readonly times: number;
  /** Takes a suggestion over into the form. */
  readonly onApply: (suggestion: Suggestion) => void;
}

export function Preview({ input, times, onApply }: Props) {
  const forbidden = useReadOnlyReason();
  const { preview, error } = usePreview(forbidden === undefined ? input : undefined);
  return (
    <Panel title="If it were submitted now" aside={times > 1 ? `the first of ${times.toLocaleString("en")} copies` : undefined}>
      <div role="status" aria-label="Preview">
        {error !== undefined && <Failure error={error} />}
        {preview !== undefined && <Outcome preview={preview} onApply={onApply} />}
        {preview === undefined && error === undefined && <p className={styles.muted}>{forbidden ?? (input === undefined ? "It is told here when every field is right." : "Asking the scheduler…")}</p>}
      </div>
    </Panel>
  );
}

function Outcome({ preview: { startsNow, hosts, pending }, onApply }: Pick<Props, "onApply"> & { readonly preview: Answer }) {
  if (startsNow || pending === null) {
    return (
      <p className={styles.now}>
        <Glyph family="good" shape="tick" /> It starts at once{hosts.length > 0 && `, on ${hosts.join(", ")}`}.
      </p>
    );
  }
  return (
    <div className={styles.waits}>
      <p className={styles.place}>
        It waits. <Place pending={pending} />
      </p>
      <Blockers blockers={pending.blockers} />
      <Suggestions
        suggestions={pending.suggestions}
        action={(suggestion) => (
          <Button kind="quiet" onClick={() => onApply(suggestion)}>
            Apply<span className="visually-hidden">: {suggestion.message}</span>
          </Button>
        )}
      />
    </div>
  );
}

const SETTLES_MS = 400;

/** Asked again when what is typed is another, and when the fleet has moved. */
function usePreview(input: SubmitJobInput | undefined): { readonly preview: Answer | undefined; readonly error: ApiError | undefined } {
  const { api, fleet } = useWorkspace();
  const [answer, setAnswer] = useState<{ readonly key: string; readonly preview: Answer | undefined; readonly error: ApiError | undefined }>();
  const key = input === undefined ? "" : JSON.stringify(input);
  useEffect(() => {
    if (key === "") return undefined;
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = (): void => {
      timer = undefined;
      api
        .query(PreviewJobDocument, { input: JSON.parse(key) as SubmitJobInput })
        .then(({ previewJob }) => current && setAnswer({ key, preview: previewJob, error: undefined }))
        .catch((failure: unknown) => current && setAnswer({ key, preview: undefined, error: asApiError(failure) }));
    };
    const soon = (): void => {
      timer ??= setTimeout(ask, SETTLES_MS);
    };
    soon();
    const stop = fleet.totals.subscribe(soon);
    return () => {
      current = false;
      stop();
      clearTimeout(timer);
    };
  }, [api, fleet, key]);
  // An answer to what was typed before says nothing of what is typed now.
  return { preview: answer?.key === key ? answer.preview : undefined, error: answer?.key === key ? answer.error : undefined };
}
