import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";
import { explored } from "../explorer/src/node/vite.ts";

/** States are explored with transformed code. */
export default mergeConfig(shared, { plugins: [explored()] });
