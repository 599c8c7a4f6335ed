import type { Request, TraceHeader } from "@gpuvm/drm-model";
import { encodeEvent } from "./encode-event.ts";
import { encodeHeader } from "./encode-header.ts";

/** Options of {@link encodeTrace}. */
export interface EncodeTraceOptions {
  /** Write each event's DRM file. By default when an event is on another than file 0, where that can be known. */
  readonly files?: boolean;
}

/**
 * A whole trace as bytes. The same trace gives the same bytes.
 *
 * @example
 * ```ts
 * import { encodeTrace, readTraceSync } from "@gpuvm/trace";
 * const header = { format: "gpu-bo-trace", version: 1, driver: "msm" } as const;
 * const bytes = encodeTrace(header, [{ t: 0, f: 0, op: "close" }]);
 * readTraceSync(bytes).requests.length; // 1
 * ```
 */
export function encodeTrace(
  header: TraceHeader,
  requests: readonly Request[],
  options: EncodeTraceOptions = {},
): Uint8Array {
  const files = options.files ?? requests.some((r) => r.f !== 0);
  const lines = [encodeHeader(header)];
  for (const r of requests) lines.push(encodeEvent(r, files));
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
