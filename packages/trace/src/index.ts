export type { ByteSource } from "./inflate.ts";
export { loadTrace, readTraceSync, type Trace } from "./load-trace.ts";
export { type ReadTraceOptions, readTrace, type TraceStream } from "./read-trace.ts";
export { expectedAnswersPath, type ShippedTrace, shippedTraces } from "./shipped-traces.ts";
export { traceCounts } from "./trace-counts.ts";
export { TraceError, type TraceErrorInfo, type TraceWarning } from "./trace-error.ts";
export { encodeTrace, TraceWriter, type WriteTraceOptions, writeTrace } from "./trace-writer.ts";
