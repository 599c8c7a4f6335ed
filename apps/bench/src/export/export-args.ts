/** What can be written. */
export const EXPORT_FORMATS = ["perfetto", "chrome", "gpuvas", "csv", "markdown", "benchstat"] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The arguments of `export`. */
export interface ExportArgs {
  /** A trace or dump of any known format; `-` is standard input. */
  readonly file: string;
  readonly format: ExportFormat;
  /** Where to; none: standard output. */
  readonly out: string | undefined;
  /** Shows what this policy makes of the trace, instead of the trace alone. */
  readonly policy: string | undefined;
  /** gpuvas: virtual time of the dump in seconds; none: just before the program ends. */
  readonly at: number | undefined;
  /** gpuvas in, gpuvas out: kernel pointers stay. */
  readonly keepPointers: boolean;
}

/** Takes pieces of an export. */
export type Put = (piece: string | Uint8Array) => Promise<void>;
