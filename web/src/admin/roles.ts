import type { Role } from "../generated/graphql";

const ROLES: ReadonlyArray<readonly [Role, string]> = [
  ["VIEWER", "viewer: reads"],
  ["MEMBER", "member: also submits and cancels"],
  ["ADMIN", "admin: also manages API keys"],
  ["OPERATOR", "operator: runs the whole fleet"],
];

/** Nobody makes a key above their own role. */
export function rolesUpTo(role: Role): ReadonlyArray<readonly [Role, string]> {
  return ROLES.slice(0, ROLES.findIndex(([name]) => name === role) + 1);
}
