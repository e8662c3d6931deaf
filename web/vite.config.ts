// Builds the files that the gpu-fleet binary embeds. Everything is served from its own origin under a strict content
// security policy: no inline script, and for the dashboard no inline style and no data: URL either. GraphiQL is a page of
// its own, because its editor needs both.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { type Plugin, type Rolldown } from "vite";
import { defineConfig } from "vitest/config";

const BUDGET_KB = 250;
const server = process.env["GPU_FLEET_URL"] ?? "http://127.0.0.1:8080";

type Bundle = Rolldown.OutputBundle;

/** The files that the dashboard's page may come to load. GraphiQL's page is loaded only by whoever opens it. */
function dashboardFiles(bundle: Bundle): Set<string> {
  const files = new Set(["index.html", "theme.js"]);
  const visit = (name: string): void => {
    const file = bundle[name];
    if (files.has(name) || file?.type !== "chunk") return;
    files.add(name);
    file.viteMetadata?.importedCss.forEach((css) => files.add(css));
    [...file.imports, ...file.dynamicImports].forEach(visit);
  };
  const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.facadeModuleId?.endsWith("/index.html"));
  if (entry === undefined) throw new Error("the build has no entry for index.html");
  visit(entry.fileName);
  return files;
}

/** Prints what a first visit downloads and fails the build when it outgrows the budget. */
function bundleBudget(): Plugin {
  return {
    name: "bundle-budget",
    apply: "build",
    writeBundle({ dir }, bundle) {
      const folder = dir ?? join(import.meta.dirname, "dist");
      const bytes = [...dashboardFiles(bundle)].reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);
      const kilobytes = bytes / 1000;
      this.info(`${kilobytes.toFixed(1)} kB gzip of ${BUDGET_KB} kB allowed`);
      if (kilobytes > BUDGET_KB) {
        this.error(`the dashboard weighs ${kilobytes.toFixed(1)} kB gzip, more than ${BUDGET_KB} kB`);
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), bundleBudget()],
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    // GraphiQL is one large chunk; bundleBudget watches over the dashboard.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { input: ["index.html", "graphiql.html"] },
  },
  server: {
    proxy: {
      "/graphql": { target: server, ws: true },
      "/sign-in/provider": { target: server },
      "/sign-in/token": { target: server },
    },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
