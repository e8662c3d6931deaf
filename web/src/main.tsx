import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { ProviderSignIn } from "./app/providerSignIn";
import { Session } from "./app/session";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

const session = new Session(window);
window.addEventListener("hashchange", session.takeFromLink);
const signIn = new ProviderSignIn(window, session);
void signIn.finish();

createRoot(root).render(
  <StrictMode>
    <App session={session} signIn={signIn} />
  </StrictMode>,
);
