export type { ByteSource } from "./inflate.ts";
export { loadTrace, readTraceSync, type Trace } from "./load-trace.ts";
export { type ReadTraceOptions, readTrace, type TraceStream } from "./read-trace.ts";
export { TraceError, type TraceErrorInfo, type TraceWarning } from "./trace-error.ts";
