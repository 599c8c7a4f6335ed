import { fileURLToPath } from "node:url";

/** A trace that comes with this package. */
export interface ShippedTrace {
  /** Name without `.jsonl.gz`. */
  readonly name: string;
  /** Absolute path of the file. */
  readonly path: string;
  /** Kernel driver whose interface was recorded. */
  readonly driver: string;
}

const NAMES = [
  "msm-gl-supertuxkart",
  "msm-gl-weston-multiclient",
  "msm-setiova-vk-streaming",
  "msm-vmbind-vk-sparse",
  "msm-vmbind-zink-supertuxkart",
  "nouveau-gl-neverball",
  "nouveau-vmbind-zink-supertuxkart",
  "panthor-gl-glmark2",
  "powervr-vk-streaming",
  "xe-gl-supertuxkart",
] as const;

/**
 * The recordings of real user-mode drivers that come with this package. `traces/PROVENANCE.md` says how they were made
 * and what may be concluded from them.
 *
 * @example
 * ```ts
 * import { loadTrace, shippedTraces } from "@gpuvm/trace/node";
 * for (const { name, path } of shippedTraces()) console.log(name, (await loadTrace(path)).requests.length);
 * ```
 */
export function shippedTraces(): readonly ShippedTrace[] {
  return NAMES.map((name) => ({
    name,
    path: fileURLToPath(new URL(`../../traces/${name}.jsonl.gz`, import.meta.url)),
    driver: name.slice(0, name.indexOf("-")),
  }));
}

/** Path of the kernel's own answers to the bind requests of the shipped traces; `traces/PROVENANCE.md` explains them. */
export function expectedAnswersPath(): string {
  return fileURLToPath(new URL("../../traces/expected.json", import.meta.url));
}
