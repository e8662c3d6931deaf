// GraphiQL's page: the API by hand, with the token of this tab. Everything that it needs is in this build.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Session } from "../app/session";
import "../styles/tokens.css";
import "../styles/base.css";
import { GraphiqlPage } from "./GraphiqlPage";

const root = document.getElementById("root");
if (root === null) throw new Error("graphiql.html has no element with the id root");

const session = new Session(window);
window.addEventListener("hashchange", session.takeFromLink);

createRoot(root).render(
  <StrictMode>
    <GraphiqlPage session={session} />
  </StrictMode>,
);
