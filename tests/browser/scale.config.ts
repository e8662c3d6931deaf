// The dashboard before a large fleet and a long list. Apart from the other tests, because it takes minutes.
import { defineConfig } from "@playwright/test";
import tests from "./playwright.config.ts";

// No trace: it would be among what is measured.
export default defineConfig({ ...tests, testDir: "scale", workers: 1, timeout: 900_000, use: { ...tests.use, trace: "off" } });
