// The pages that the navigation names, with the keys that go there, for those whose role has a use for them.
import type { Role } from "../generated/graphql";

export interface Page {
  readonly href: string;
  readonly name: string;
  /** Pressed after g. */
  readonly key: string;
}

const PAGES: readonly Page[] = [
  { href: "/fleet", name: "Fleet", key: "f" },
  { href: "/jobs", name: "Jobs", key: "j" },
  { href: "/queue", name: "Queue", key: "q" },
  { href: "/usage", name: "Usage", key: "u" },
  { href: "/submit", name: "Submit", key: "s" },
];

const ADMIN: Page = { href: "/admin", name: "Admin", key: "a" };

export function pagesFor(role: Role): readonly Page[] {
  return mayAdminister(role) ? [...PAGES, ADMIN] : PAGES;
}

export function mayAdminister(role: Role): boolean {
  return role === "ADMIN" || role === "OPERATOR";
}

export function isWithin(location: string, page: string): boolean {
  return location === page || location.startsWith(`${page}/`);
}
