import { defineConfig, mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

// The recorded answers take seconds, and more where others want the processor, too.
export default mergeConfig(shared, defineConfig({ test: { testTimeout: 60_000 } }));
