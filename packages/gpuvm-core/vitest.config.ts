import { defineConfig, mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

// Property and model tests take seconds where others want the processor, too.
export default mergeConfig(shared, defineConfig({ test: { testTimeout: 60_000 } }));
