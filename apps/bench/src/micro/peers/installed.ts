import { createRequire } from "node:module";
import { UsageError } from "@gpuvm/drm-model";

/** The packages that `--peers` compares with. They are optional peers of this one: nothing else needs them. */
export const PACKAGES: readonly string[] = [
  "sorted-btree",
  "js-sdsl",
  "@flatten-js/interval-tree",
  "node-interval-tree",
  "functional-red-black-tree",
];

/**
 * Asks for what is not installed.
 *
 * @throws UsageError with the command that installs it
 */
export function needPackages(has: (name: string) => boolean = isInstalled): void {
  const missing = PACKAGES.filter((name) => !has(name));
  if (missing.length === 0) return;
  throw new UsageError(
    `--peers compares with packages that do not come with gpuvm-bench; beside it: npm install ${missing.join(" ")}`,
  );
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
