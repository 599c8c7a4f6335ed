/**
 * The formats that can be read, by name: what a program needs to ask for one, without the readers.
 *
 * @packageDocumentation
 */

/** The names of all formats. */
export const IMPORT_FORMATS = [
  "gpu-bo-trace",
  "gpuvas",
  "trace-cmd",
  "fdinfo",
  "binding-report",
  "radv-bo-history",
  "vkd3d",
  "xe-devcoredump",
  "msm-devcoredump",
  "msm-gem",
  "panthor-gems",
  "dmesg",
] as const;

/** The formats that can be read. */
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
