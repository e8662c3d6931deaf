import { defineConfig } from "vitest/config";

export default defineConfig({
  // graphql comes in two forms, and what is built by one is foreign to the other: all use the one that packages get from Node.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["tests/**/*.test.ts"],
    // The server gives a socket ten seconds to introduce itself, and one test waits for their end.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file runs a server of its own.
    maxWorkers: 2,
  },
});
