import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | null = null;

/** Bytes in use after a full collection: the heap, and what is outside of it, array buffers among them. */
export function bytesInUse(): number {
  if (collect === null) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  // Array buffers found dead by one collection are given back by the next.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The most memory that this process ever had resident, in bytes. */
export function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024;
}
