// The composition root: session → workspace → pages.
import { lazy, Suspense, useEffect, useState } from "react";
import { Redirect, Route, Switch } from "wouter";
import { FleetPage } from "../fleet/FleetPage";
import { GpuPage } from "../fleet/GpuPage";
import { HostPage } from "../fleet/HostPage";
import { JobPage } from "../jobs/JobPage";
import { JobsPage } from "../jobs/JobsPage";
import { QueuePage } from "../queue/QueuePage";
import { SubmitPage } from "../submit/SubmitPage";
import { UsagePage } from "../usage/UsagePage";
import { Empty, Loading } from "../ui/Notice";
import { useCell } from "../ui/useCell";
import { createLive, type Live } from "./LiveContext";
import type { ProviderSignIn } from "./providerSignIn";
import type { Session } from "./session";
import { Shell } from "./Shell";
import { SignInPage } from "./SignInPage";
import { useTimeZone } from "./timeZone";
import { WorkspaceGate } from "./WorkspaceGate";

// Most people never administer anything: it is loaded when somebody does.
const AdminPage = lazy(async () => ({ default: (await import("../admin/AdminPage")).AdminPage }));

export function App({ session, signIn }: { readonly session: Session; readonly signIn: ProviderSignIn }) {
  const { token, refused } = useCell(session.state);
  if (token === undefined) return <SignInPage refused={refused} signIn={signIn} onToken={(text) => session.signIn(text)} />;
  return <SignedIn key={token} token={token} session={session} />;
}

function SignedIn({ token, session }: { readonly token: string; readonly session: Session }) {
  const [live, setLive] = useState<Live>();
  useEffect(() => {
    const created = createLive(token, session.refuse);
    setLive(created);
    return () => {
      created.fleet.close();
      created.jobs.close();
      created.organizations.close();
      created.socket.close();
    };
  }, [token, session]);
  if (live === undefined) return null;
  return (
    <WorkspaceGate live={live}>
      <Shell onSignOut={session.signOut}>
        <Pages />
      </Shell>
    </WorkspaceGate>
  );
}

function Pages() {
  // Every time on the page is written anew when the zone is another.
  const zone = useTimeZone();
  return (
    <Switch key={zone}>
      <Route path="/">
        <Redirect to="/fleet" replace />
      </Route>
      <Route path="/fleet" component={FleetPage} />
      <Route path="/fleet/hosts/:id">{({ id }) => <HostPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/fleet/gpus/:id">{({ id }) => <GpuPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/jobs" component={JobsPage} />
      <Route path="/jobs/:id">{({ id }) => <JobPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/queue">
        <QueuePage />
      </Route>
      <Route path="/queue/:org">{({ org }) => <QueuePage key={org} only={decodeURIComponent(org)} />}</Route>
      <Route path="/usage" component={UsagePage} />
      <Route path="/admin/*?">
        <Suspense fallback={<Loading what="the page" />}>
          <AdminPage />
        </Suspense>
      </Route>
      <Route path="/submit" component={SubmitPage} />
      <Route>
        <Empty page title="There is no such page">Choose one of the pages above.</Empty>
      </Route>
    </Switch>
  );
}
