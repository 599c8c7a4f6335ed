/** Tells which format a text is, from its first lines. The only place that does. */

/** The formats that can be read. */
export type ImportFormat =
  | "gpu-bo-trace"
  | "gpuvas"
  | "trace-cmd"
  | "fdinfo"
  | "binding-report"
  | "xe-devcoredump"
  | "msm-gem"
  | "panthor-gems";

const MARKS: readonly (readonly [ImportFormat, RegExp])[] = [
  ["gpu-bo-trace", /^\ufeff?\s*\{[^\n]*"format"\s*:\s*"gpu-bo-trace"/],
  ["gpuvas", /^DRM GPU VA space \(/m],
  ["panthor-gems", /^created-by\s+global-name\s+refcount\b/m],
  ["msm-gem", /^\s*flags\s+id\s+ref\s+offset\s+kaddr\s+size\s+madv\b/m],
  ["xe-devcoredump", /^\[(?:0x)?[0-9a-fA-F]+\]\.(?:length|properties|data|error):/m],
  ["xe-devcoredump", /^VM\.uapi_flags:/m],
  ["xe-devcoredump", /^\*{4} Xe Device Coredump \*{4}/m],
  ["binding-report", /\bVA=[^\n]*\bbinding_type=(?:bind|unbind)\b/],
  ["fdinfo", /^drm-[a-z]+[\w-]*:\s/m],
  // The prefix of an event, or the comment that tracefs begins with.
  ["trace-cmd", /^# tracer: /m],
  ["trace-cmd", /\[\d{1,5}\]\s+(?:[^\s:]{4,5}\s+)?\d+\.\d+:\s+(?:[\w-]+:)?\w+:/],
];

/** How many characters of a file {@link sniff} wants to see. */
export const SNIFF_CHARS: number = 64 * 1024;

/**
 * The format of a text; undefined when it is none that can be read.
 *
 * @example
 * ```ts
 * import { sniff } from "@gpuvm/trace";
 * sniff("DRM GPU VA space (a) [0x0000000000000000;0x0001000000000000]\n"); // "gpuvas"
 * ```
 */
export function sniff(head: string): ImportFormat | undefined {
  return MARKS.find(([, mark]) => mark.test(head))?.[0];
}
