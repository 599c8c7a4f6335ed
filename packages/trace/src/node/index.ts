/**
 * All of `@gpuvm/trace`, with readers that take paths, too, writers of files, and the recordings that come with it. For
 * Node; `@gpuvm/trace` itself runs in a browser.
 *
 * @packageDocumentation
 */

export * from "../index.ts";
export { importFile, lintFile, loadTrace, readTrace, readTraceSync } from "./files.ts";
export { OutputFile, writeOutput } from "./output-file.ts";
export { type FileSource, plainBytes } from "./plain-bytes.ts";
export { expectedAnswersPath, type ShippedTrace, shippedTraces } from "./shipped-traces.ts";
export { encodeTrace, TraceWriter, type WriteTraceOptions, writeTrace } from "./trace-writer.ts";
