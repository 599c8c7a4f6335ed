/**
 * Records what a program asks of its DRM driver. For Linux, with a C compiler.
 *
 * @packageDocumentation
 */

export * from "../index.ts";
export { buildLibrary, buildShared, cacheFolder, cannotRecord, compiler } from "./build-library.ts";
export {
  type ConvertOptions,
  convertLogs,
  numbered,
  type RecordedProcess,
  type RecordedTrace,
  type Recording,
} from "./convert-logs.ts";
export { findProgram, whyNotWatched } from "./examine-program.ts";
export { RecordError } from "./record-error.ts";
export { type ProgramRecording, type RecordOptions, recordProgram } from "./record-program.ts";
