// What somebody else changed while one was editing, field by field.

export type Described = ReadonlyArray<readonly [field: string, value: string]>;

export interface Difference {
  readonly field: string;
  readonly before: string;
  readonly now: string;
}

/** A field that only one side has counts as a dash on the other. */
export function differences(before: Described, now: Described): Difference[] {
  const old = new Map(before);
  const fresh = new Map(now);
  const fields = [...new Set([...old.keys(), ...fresh.keys()])];
  return fields
    .map((field) => ({ field, before: old.get(field) ?? "–", now: fresh.get(field) ?? "–" }))
    .filter((difference) => difference.before !== difference.now);
}
