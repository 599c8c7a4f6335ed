export { type EncodeTraceOptions, encodeTrace } from "./encode-trace.ts";
export { type BenchResult, benchstat } from "./export/benchstat.ts";
export { ChromeJsonEncoder } from "./export/chrome-json.ts";
export { csv, csvRow } from "./export/csv.ts";
export { printGpuvas, redactGpuvas } from "./export/gpuvas.ts";
export { markdown, markdownCell } from "./export/markdown.ts";
export { PerfettoEncoder } from "./export/perfetto.ts";
export type { Cell, Table } from "./export/table.ts";
export { RequestTimeline } from "./export/timeline.ts";
export type {
  TimelineArgs,
  TimelineBegin,
  TimelineCounter,
  TimelineEnd,
  TimelineEvent,
  TimelineInstant,
  TimelineSink,
} from "./export/timeline-event.ts";
export { IMPORT_FORMATS, type ImportFormat } from "./import/formats.ts";
export { type ImportOptions, type ImportStream, importFile } from "./import/import-file.ts";
export type {
  Fault,
  Imported,
  ImportedFault,
  ImportedLoss,
  ImportedRequest,
  ImportedSnapshot,
  Snapshot,
  SnapshotMapping,
  SnapshotMemory,
  SnapshotObject,
  SnapshotRegion,
  SnapshotSpace,
} from "./import/imported.ts";
export { type GpuvasSpace, parseGpuvas } from "./import/parse-gpuvas.ts";
export { Shortfall } from "./import/shortfall.ts";
export type { PassedOver } from "./import/skipped.ts";
export { SNIFF_CHARS, sniff, tellsEvents } from "./import/sniff.ts";
export type { ByteSource } from "./inflate.ts";
export { AddressHistory, type Near, type Past } from "./lint/address-history.ts";
export type { KnownAddresses } from "./lint/fault-lint.ts";
export {
  FINDINGS,
  type Finding,
  type FindingCode,
  formatFinding,
  hasErrors,
  type Severity,
} from "./lint/finding.ts";
export { Linter, lintFile } from "./lint/lint.ts";
export { loadTrace, readTraceSync, type Trace } from "./load-trace.ts";
export { type ReadTraceOptions, readTrace, type TraceStream } from "./read-trace.ts";
export { systemReason } from "./system-reason.ts";
export { traceCounts } from "./trace-counts.ts";
export { TraceError, type TraceErrorInfo, type TraceWarning } from "./trace-error.ts";
