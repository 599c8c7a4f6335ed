import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const conditions = ["@gpuvm/source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Vitest would leave one core free, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Whole recordings are replayed, also on machines that are busy with something else.
    testTimeout: 60_000,
    typecheck: { enabled: true, tsconfig: "tsconfig.test.json" },
  },
});
