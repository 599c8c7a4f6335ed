import { existsSync } from "node:fs";
import { UsageError } from "@gpuvm/drm-model";
import { shippedTraces } from "@gpuvm/trace/node";
import { STDIN } from "./input-bytes.ts";

/**
 * The file that a user means: a path, `-`, or the name of a trace that comes with the project.
 *
 * @throws UsageError if there is neither
 */
export function tracePath(name: string): string {
  if (name === STDIN || existsSync(name)) return name;
  const shipped = shippedTraces();
  const path = shipped.find((trace) => trace.name === name)?.path;
  if (path !== undefined) return path;
  const names = shipped.map((trace) => trace.name).join(", ");
  throw new UsageError(
    `${name}: there is no such file, nor a trace of this name with the project, which are ${names}`,
  );
}
