// The frame around every page: where one is, how the fleet does, and whether what one sees is live.
import { type ReactNode, useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import { PaletteButton } from "../palette/Palette";
import { Button } from "../ui/Button";
import { useClockText } from "../ui/time";
import { useCell } from "../ui/useCell";
import { Brand } from "./Brand";
import { ConnectionBar } from "./ConnectionBar";
import { FleetTotals } from "./FleetTotals";
import { KeyboardHelp } from "./KeyboardHelp";
import { useWorkspace } from "./LiveContext";
import { LiveIndicator } from "./LiveIndicator";
import { isWithin, pagesFor } from "./pages";
import styles from "./Shell.module.css";
import { useTheme } from "./theme";
import { Toast } from "./Toast";
import { usePageKeys } from "./usePageKeys";
import { chooseTimeZone, useTimeZone } from "./timeZone";

export function Shell({ children, onSignOut }: { readonly children: ReactNode; readonly onSignOut: () => void }) {
  const [help, setHelp] = useState(false);
  usePageKeys();
  const openHelp = useCallback(() => setHelp(true), []);
  return (
    <>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      <header className={styles.header}>
        <div className={styles.bar}>
          <Link href="/fleet" className={styles.home}>
            <Brand />
          </Link>
          <Navigation />
          <ViewerName />
          <div className={styles.right}>
            <PaletteButton onHelp={openHelp} onSignOut={onSignOut} />
            <LiveIndicator />
            <span className={styles.keys}>
              <TimeZoneButton />
            </span>
            <ThemeButton />
            <span className={styles.keys}>
              <KeyboardHelp open={help} onOpen={setHelp} />
            </span>
            <Button kind="quiet" onClick={onSignOut}>
              Sign out
            </Button>
          </div>
        </div>
        <FleetTotals />
      </header>
      <ConnectionBar />
      <main id="content" className={styles.main} tabIndex={-1} data-stale={useStale()}>
        {children}
      </main>
      <Toast />
    </>
  );
}

const STALE_AFTER_MS = 30_000;

/** What is shown has not been live for so long that nobody may take it for the present. */
function useStale(): boolean {
  const connection = useCell(useWorkspace().socket.connection);
  return useClockText((now) => (connection.phase === "waiting" && now - connection.since >= STALE_AFTER_MS ? "stale" : "")) !== "";
}

function Navigation() {
  const [location] = useLocation();
  const pages = pagesFor(useWorkspace().viewer.role);
  return (
    <nav className={styles.nav} aria-label="Pages">
      {pages.map(({ href, name }) => (
        <Link key={href} href={href} className={styles.tab} aria-current={isWithin(location, href) ? "page" : undefined}>
          {name}
        </Link>
      ))}
      <a className={styles.tab} href="/graphiql">
        GraphiQL
      </a>
    </nav>
  );
}

function ViewerName() {
  const { viewer } = useWorkspace();
  return (
    <span className={styles.viewer} title={viewer.subject}>
      <strong>{viewer.role === "OPERATOR" ? "All organizations" : viewer.organization?.name}</strong> · {viewer.role.toLowerCase()}
    </span>
  );
}

function ThemeButton() {
  const { theme, toggle } = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <Button kind="quiet" onClick={toggle} aria-label={`Use the ${other} theme`} title={`Use the ${other} theme`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.6" />
        <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
      </svg>
    </Button>
  );
}

function TimeZoneButton() {
  const zone = useTimeZone();
  const other = zone === "utc" ? "local" : "utc";
  // The name begins with what is seen.
  const name = other === "utc" ? "Local times; show UTC instead" : "UTC; show local times instead";
  return (
    <Button kind="quiet" onClick={() => chooseTimeZone(other)} aria-label={name} title={name}>
      {zone === "utc" ? "UTC" : "Local"}
    </Button>
  );
}
