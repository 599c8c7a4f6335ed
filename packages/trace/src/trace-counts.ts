import type { Request, TraceHeader } from "@gpuvm/drm-model";

/**
 * The counts that a header promises, from the events themselves. For headers of generated and translated traces.
 *
 * @example
 * ```ts
 * import { traceCounts } from "@gpuvm/trace";
 * traceCounts([{ t: 0, f: 0, op: "gem_new", bo: 1, size: 4096 }]).boCount; // 1
 * ```
 */
export function traceCounts(
  requests: Iterable<Request>,
): Required<Pick<TraceHeader, "events" | "boCount" | "submits" | "durationMs">> {
  let events = 0;
  let boCount = 0;
  let submits = 0;
  let last = 0;
  for (const r of requests) {
    events++;
    last = r.t;
    if (r.op === "submit" || r.op === "exec") submits++;
    else if (r.op === "gem_new" || (r.op === "prime_import" && r.fresh)) boCount++;
    else if (r.op === "channel_new" && r.notifierBo !== undefined) boCount++;
  }
  return { events, boCount, submits, durationMs: Math.round(last / 1e5) / 10 };
}
