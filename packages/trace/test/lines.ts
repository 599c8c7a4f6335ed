/** What the reader's tests share. */
import { readTraceSync, type Trace, TraceError } from "../src/node/index.ts";

export const HEADER = '{"format":"gpu-bo-trace","version":1,"driver":"msm"}';

/** A trace of these lines under a good header. */
export function bytes(...lines: string[]): Uint8Array {
  return new TextEncoder().encode([HEADER, ...lines, ""].join("\n"));
}

export function read(...lines: string[]): Trace {
  return readTraceSync(bytes(...lines), { file: "a.jsonl" });
}

/** The error that reading gives; a failure when it gives none. */
export function errorOf(act: () => unknown): TraceError {
  try {
    act();
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error("was read without an error");
}
