/**
 * Holds the model against the kernel: replays golden vectors, which record request by request what `drm_gpuvm.c`
 * itself answered, and shows each difference with the VM before it.
 *
 * @packageDocumentation
 */

export type { DriverModel, DriverSession } from "./drivers/driver-model.ts";
export { boState, gpuvmState, hex, vmBoState } from "./drivers/gpuvm-state.ts";
export type { LateFields } from "./drivers/late.ts";
export { Numbers } from "./drivers/numbers.ts";
export type { Failure, ReplayOptions, ReplayResult } from "./replay.ts";
export { replayVectors } from "./replay.ts";
export { BadLine, type Request } from "./request.ts";
export type { Answer, SessionOptions } from "./session.ts";
export { VectorError } from "./vector-error.ts";
export type { ByteSource } from "./vector-lines.ts";
