import { defineConfig } from "vitest/config";

const conditions = ["@gpuvm/source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // Whole recordings are replayed, also on machines that are busy with something else.
  test: { testTimeout: 60_000, typecheck: { enabled: true, tsconfig: "tsconfig.test.json" } },
});
