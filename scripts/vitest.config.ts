import { defineConfig, mergeConfig } from "vitest/config";
import shared from "../vitest.shared.ts";

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      name: "repository",
      testTimeout: 60_000,
      // It imports JSON without saying so, which Node refuses.
      server: { deps: { inline: [/@actions\/workflow-parser/] } },
    },
  }),
);
