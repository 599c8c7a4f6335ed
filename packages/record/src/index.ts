/**
 * The log of a recorded program, and how it becomes `gpu-bo-trace`. `@gpuvm/record/node` records.
 *
 * @packageDocumentation
 */

export { ioctlName, isHarmless, KNOWN_DRIVERS } from "./ioctl-names.ts";
export { ENDED_SILENTLY, LogReader, type TraceFacts } from "./log-reader.ts";
export { Tally } from "./tally.ts";
