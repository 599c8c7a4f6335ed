import { readFileSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";
import { straight } from "../transform/straight.ts";

/** What a module's address ends with that runs its calls straight through. */
const MARK = "?straight";

/**
 * From now on `@gpuvm/NAME/straight` is the sources of `@gpuvm/NAME` with their calls as plain functions: what packages have in
 * `dist-straight`. Node 22.15 or newer.
 */
export function registerStraight(): void {
  module.registerHooks({
    resolve(specifier, context, next) {
      const asked = /^(@gpuvm\/[\w-]+)\/straight$/.exec(specifier)?.[1];
      if (asked === undefined && context.parentURL?.endsWith(MARK) !== true) return next(specifier, context);
      const found = next(asked ?? specifier, context);
      return /^file:.*\.ts$/.test(found.url) ? { ...found, url: found.url + MARK } : found;
    },
    load(url, context, next) {
      if (!url.endsWith(MARK)) return next(url, context);
      const source = readFileSync(fileURLToPath(url.slice(0, -MARK.length)), "utf8");
      return { format: "module-typescript", source: straight(source), shortCircuit: true };
    },
  });
}
