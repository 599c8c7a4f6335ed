/**
 * How nouveau holds buffer objects: VM_BIND with a tree in the ioctl and page tables in a job, and the older interface
 * with buffer lists, where mappings live as long as handles.
 *
 * @packageDocumentation
 */

export type { NouveauDriver } from "./driver.ts";
export { nouveau } from "./package.ts";
