import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";
import { explored } from "./src/node/vite.ts";

/** What the tests explore must be transformed, and the tests' own drivers and scenarios with it. */
export default mergeConfig(shared, { plugins: [explored()] });
