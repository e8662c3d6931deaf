import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // The server gives a socket ten seconds to introduce itself, and one test waits for their end.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file runs a server of its own.
    maxWorkers: 2,
  },
});
