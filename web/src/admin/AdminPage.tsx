// What only admins and operators see: a tab for each thing that can be administered.
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { useWorkspace } from "../app/LiveContext";
import { isWithin, mayAdminister } from "../app/pages";
import { Empty } from "../ui/Notice";
import styles from "./AdminPage.module.css";
import { AuditPage } from "./AuditPage";
import { HostsPage } from "./HostsPage";
import { KeysPage } from "./KeysPage";
import { OrganizationsPage } from "./OrganizationsPage";

const TABS = [
  { href: "/admin/organizations", name: "Organizations", operatorsOnly: true },
  { href: "/admin/keys", name: "API keys", operatorsOnly: false },
  { href: "/admin/hosts", name: "Hosts", operatorsOnly: true },
  { href: "/admin/audit", name: "Audit trail", operatorsOnly: true },
] as const;

export function AdminPage() {
  const { role } = useWorkspace().viewer;
  const [location] = useLocation();
  if (!mayAdminister(role)) return <Forbidden needs="admins and operators" role={role} />;
  const tabs = TABS.filter(({ operatorsOnly }) => role === "OPERATOR" || !operatorsOnly);
  const asked = TABS.find(({ href }) => isWithin(location, href));
  return (
    <div className={styles.page}>
      <nav className={styles.tabs} aria-label="Administration" data-tabs="">
        {tabs.map(({ href, name }) => (
          <Link key={href} href={href} className={styles.tab} aria-current={isWithin(location, href) ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {asked !== undefined && !tabs.includes(asked) ? <Forbidden needs="operators" role={role} /> : <Tab first={tabs[0]?.href ?? "/fleet"} />}
    </div>
  );
}

function Tab({ first }: { readonly first: string }) {
  return (
    <Switch>
      <Route path="/admin/organizations" component={OrganizationsPage} />
      <Route path="/admin/keys" component={KeysPage} />
      <Route path="/admin/hosts" component={HostsPage} />
      <Route path="/admin/audit" component={AuditPage} />
      <Route>
        <Redirect to={first} replace />
      </Route>
    </Switch>
  );
}

function Forbidden({ needs, role }: { readonly needs: string; readonly role: string }) {
  return (
    <Empty page title="Not for your role">
      This page is for {needs}; yours is {role}. Ask an operator of the fleet for another token.
    </Empty>
  );
}
