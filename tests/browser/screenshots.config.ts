// Takes the pictures of the documentation; not a test of anything.
import { defineConfig } from "@playwright/test";
import tests from "./playwright.config.ts";

export default defineConfig({ ...tests, testDir: "screenshots", workers: 1, timeout: 300_000 });
