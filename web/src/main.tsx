import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { Session } from "./app/session";
import "./styles/tokens.css";
import "./styles/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

const session = new Session(window);
window.addEventListener("hashchange", session.takeFromLink);

createRoot(root).render(
  <StrictMode>
    <App session={session} />
  </StrictMode>,
);
