import type { TraceHeader } from "@gpuvm/drm-model";

/** The order of the recorder. */
const KEYS = [
  "format",
  "version",
  "driver",
  "userspace",
  "mesaVersion",
  "gpu",
  "program",
  "description",
  "capturedWith",
  "events",
  "boCount",
  "submits",
  "durationMs",
] as const satisfies readonly (keyof TraceHeader)[];

/** The header line, without the newline, spaced as the recorder does. */
export function encodeHeader(header: TraceHeader): string {
  const parts: string[] = [];
  for (const name of KEYS) {
    const value = header[name];
    if (value === undefined) continue;
    // The recorder gives tenths of a millisecond, also when they are 0.
    const whole = name === "durationMs" && Number.isInteger(value);
    parts.push(`"${name}": ${JSON.stringify(value)}${whole ? ".0" : ""}`);
  }
  return `{${parts.join(", ")}}`;
}
