// What is wrong with a form, field by field: the first problem of each.

export type FieldProblems<Name extends string> = Readonly<Partial<Record<Name, string>>>;

interface Issue {
  readonly message: string;
  readonly path?: readonly { readonly key: unknown }[] | undefined;
}

export function problemsOf<Name extends string>(issues: readonly Issue[]): FieldProblems<Name> {
  const problems: Partial<Record<string, string>> = {};
  for (const { path, message } of issues) {
    const field = path?.[0]?.key;
    if (typeof field === "string") problems[field] ??= message;
  }
  return problems as FieldProblems<Name>;
}
