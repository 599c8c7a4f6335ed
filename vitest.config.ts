import { defineConfig } from "vitest/config";

const json = process.env["GPUVM_TEST_JSON"];

export default defineConfig({
  test: {
    projects: ["packages/*", "apps/bench", "scripts"],
    coverage: { provider: "v8", include: ["packages/*/src/**", "apps/bench/src/**"] },
    reporters: json ? ["default", ["json", { outputFile: json }]] : ["default"],
  },
});
