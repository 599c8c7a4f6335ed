import { bytes } from "./parse.ts";

/** A flag that takes a number of bytes. */
export interface SizeFlag {
  readonly kind: "parsed";
  readonly parse: typeof bytes;
  readonly optional: true;
  readonly brief: string;
  readonly placeholder: "SIZE";
}

/** A flag for an amount of memory, which may be left out. */
export function sizeFlag(brief: string): SizeFlag {
  return { kind: "parsed", parse: bytes, optional: true, brief, placeholder: "SIZE" };
}

/** `--memory`, of every command that has it. */
export const MEMORY_FLAG: SizeFlag = sizeFlag(
  "Memory of the host's that buffers may have, where a driver keeps to a limit; more goes to swap",
);
