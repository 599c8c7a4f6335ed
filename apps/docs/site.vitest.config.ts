import { defineConfig } from "vitest/config";

/** Looks at the site as it was built, in a browser; `npm run check` runs it after `npm run docs`. */
export default defineConfig({
  test: {
    name: "site",
    include: ["test/*.site.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
