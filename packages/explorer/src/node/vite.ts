import { isExplored } from "../transform/explored.ts";
import { transformed } from "./hook.ts";

/** A plugin for Vite and vitest: modules are run as the explorer's copies of themselves. */
export function explored(): {
  name: string;
  enforce: "pre";
  transform(code: string, id: string): { code: string; map: null } | null;
} {
  return {
    name: "gpuvm-explored",
    enforce: "pre",
    transform(code, id) {
      const [file = ""] = id.split("?", 1);
      return file.startsWith("/") && isExplored(file) ? { code: transformed(code, file), map: null } : null;
    },
  };
}
