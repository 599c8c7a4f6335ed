import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | null = null;

/** A full collection. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}

/** Bytes in use after a full collection: the heap, and what is outside of it, array buffers among them. */
export function bytesInUse(): number {
  // Array buffers found dead by one collection are given back by the next.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The most memory that this process ever had resident, in bytes. */
export function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024;
}
