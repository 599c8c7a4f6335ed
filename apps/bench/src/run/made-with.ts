import { cpus } from "node:os";
import { type Results, type RunResult, resultsOf } from "@gpuvm/results";
import { version } from "../cli/version.ts";

/** What this process is, and runs on. */
function madeWith(): Pick<Results, "machine" | "versions"> {
  const all = cpus();
  return {
    machine: {
      cpu: all[0]?.model ?? "unknown",
      cores: all.length,
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    },
    versions: { "gpuvm-bench": version(), node: process.versions.node, v8: process.versions.v8 },
  };
}

/** A result file of these runs, made by this process. */
export function resultsHere(runs: readonly RunResult[], options: Results["options"]): Results {
  return resultsOf(runs, options, madeWith());
}
