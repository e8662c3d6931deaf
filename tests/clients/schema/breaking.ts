// What a new schema takes from clients that were written for an old one, and what of that the changelog says.
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

export interface BreakingChange {
  /** What changed: a type, `Type.field`, or `Type.field.argument`. */
  readonly path: string;
  readonly message: string;
}

export async function breakingChanges(before: string, after: string): Promise<readonly BreakingChange[]> {
  const changes = await diff(buildSchema(before), buildSchema(after));
  return changes
    .filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
    .map(({ path, message }) => ({ path: path ?? "", message }));
}

/** Those that the changelog's newest section does not name in backticks under the heading "Breaking". */
export function unnamed(changes: readonly BreakingChange[], changelog: string): readonly BreakingChange[] {
  const names = breakingNames(changelog);
  return changes.filter(({ path }) => !names.has(path) && !names.has(typeAndField(path)));
}

/** Naming a field names its arguments. */
function typeAndField(path: string): string {
  return path.split(".").slice(0, 2).join(".");
}

function breakingNames(changelog: string): ReadonlySet<string> {
  const [, newest = ""] = changelog.split(/^## /m);
  const breaking = newest.split(/^### /m).find((part) => /^Breaking\s*$/m.test(part.split("\n", 1)[0] ?? "")) ?? "";
  return new Set([...breaking.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name ?? ""));
}
