import { defineConfig } from "vitest/config";

const conditions = ["@gpuvm/source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { typecheck: { enabled: true, tsconfig: "tsconfig.test.json" } },
});
