// Views of jobs that were given a name, to go back to; and the way to give one to what is shown, or to hand it on by its link.
import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { Button } from "../ui/Button";
import { CopyButton } from "../ui/CopyButton";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { useCell } from "../ui/useCell";
import { type JobView, writeView } from "./jobView";
import { NAME_CHARS, savedViews } from "./savedViews";
import styles from "./ViewsBar.module.css";

export function ViewsBar({ view }: { readonly view: JobView }) {
  const views = useCell(savedViews.all);
  const [saving, setSaving] = useState(false);
  const search = writeView("", view);
  const known = views.some((saved) => saved.search === search);
  if (views.length === 0 && search === "") return null;
  return (
    <div className={styles.bar} role="group" aria-label="Saved views">
      {views.map((saved) => (
        <span key={saved.name} className={styles.view} data-shown={saved.search === search}>
          <Link href={`/jobs?${saved.search}`} aria-current={saved.search === search ? "true" : undefined} dir="auto">
            {saved.name}
          </Link>
          <button type="button" className={styles.forget} aria-label={`Forget the view ${saved.name}`} title="Forget this view" onClick={() => savedViews.remove(saved.name)}>
            <span aria-hidden="true">×</span>
          </button>
        </span>
      ))}
      {search !== "" && !known && (
        <Button kind="quiet" onClick={() => setSaving(true)}>
          Save this view
        </Button>
      )}
      {search !== "" && <CopyButton text={`${window.location.origin}/jobs?${search}`} what="the link to this view" label="Copy link" />}
      {saving && <SaveDialog search={search} onClose={() => setSaving(false)} />}
    </div>
  );
}

function SaveDialog({ search, onClose }: { readonly search: string; readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const plain = name.trim();
  const problem = plain === "" ? "A name is needed." : plain.length > NAME_CHARS ? `At most ${NAME_CHARS} characters.` : undefined;
  const save = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (problem !== undefined) return;
    savedViews.save({ name: plain, search });
    onClose();
  };
  return (
    <Dialog
      title="Save this view"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Do not save it</Button>
          <Button kind="primary" type="submit" form="save-view">
            Save
          </Button>
        </>
      }
    >
      <form id="save-view" onSubmit={save} noValidate>
        <Field name="name" label="Name" value={name} onChange={setName} error={tried ? problem : undefined} hint="It is kept in this browser. A name that is there already is written over." />
      </form>
      <p>
        <code>{search}</code>
      </p>
    </Dialog>
  );
}
